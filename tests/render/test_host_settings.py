"""Settings that roles place for the programs of every host: JSON that the programs themselves accept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.render.rendering import ROOT, render_all

from conclave_host import health, shaping
from conclave_host.settings import Settings

FOLDER = "etc/conclave/host/"


@pytest.fixture(scope="module")
def files() -> dict[str, dict[str, Any]]:
    """Return the settings of all hosts, by host and path."""
    return {
        f"{host}:{path}": item
        for host, _, rendered in render_all()
        for path, item in rendered.items()
        if path.startswith(FOLDER) and item["state"] == "file"
    }


def test_all_settings_are_json_that_every_service_may_read(files: dict[str, dict[str, Any]]) -> None:
    assert len(files) > 15
    for path, item in files.items():
        assert isinstance(json.loads(item["content"]), dict), path
        assert item["mode"] == "0644", path


def test_every_health_check_has_a_program_and_every_program_a_service(files: dict[str, dict[str, Any]]) -> None:
    checks = {Path(path).stem for path in files if "/health.d/" in path}
    assert checks == set(health.MODULES)
    roles = {path.parents[5].name for path in ROOT.glob(f"roles/*/tree/{FOLDER}health.d/*")}
    assert roles >= checks - {"ca", "disk", "tls"}


class Asked(Settings):
    """Settings that note what is asked of them."""

    asked: set[str]

    def text(self, key: str) -> str:
        self.asked.add(key)
        return super().text(key)

    def number(self, key: str) -> int:
        self.asked.add(key)
        return super().number(key)


@pytest.mark.parametrize("service", sorted(set(health.MODULES) - {"disk", "postgresql", "ntp"}))
def test_a_check_finds_every_value_and_no_value_is_for_nobody(
    files: dict[str, dict[str, Any]], tls: Path, service: str
) -> None:
    (content, *_) = [item["content"] for path, item in files.items() if path.endswith(f"health.d/{service}.json")]
    values = json.loads(content)
    # This machine has other files, and nothing answers on its port 1.
    names = {"authority": "ca.crt", "chain": "host-chain.crt", "key": "host.key", "certificate": "host.crt"}
    here: dict[str, Any] = {**{key: str(tls / name) for key, name in names.items()}, "server": "localhost", "port": 1}
    settings = Asked("test", {key: here.get(key, value) for key, value in values.items()})
    settings.asked = set()
    health._check(service, "test")(settings)  # noqa: SLF001 - the one place where a service meets its check
    assert settings.asked == set(values)


def test_the_router_s_shaping_can_be_read(files: dict[str, dict[str, Any]], tmp_path: Path) -> None:
    (tmp_path / "shaping.json").write_text(files[f"rt:{FOLDER}shaping.json"]["content"])
    plan = shaping.load(str(tmp_path / "shaping.json"))
    assert plan.interfaces == ["outside"]
    assert [one.dscp for one in plan.out.classes] == [[46], [34, 26], [24, 16], []]
    assert plan.into.classes[0].ports[0].startswith(("udp/", "tcp/"))
    assert [one.rest for one in plan.into.classes] == [False, False, True]
