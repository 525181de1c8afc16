"""What the action plugin makes of a role's tree, and what it says to a role's mistakes."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from ansible.errors import AnsibleActionFail
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import init_plugin_loader
from ansible.template import Templar
from ansible.utils.collection_loader import AnsibleCollectionConfig
from plugins.action.conclave_tree import ActionModule

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module", autouse=True)
def _loader() -> None:
    # Once a process, whoever is first.
    if AnsibleCollectionConfig.collection_finder is None:
        init_plugin_loader()


def files(folder: Path, settings: dict[str, Any], **variables: object) -> dict[str, dict[str, Any]]:
    """Return the files of a role in this folder."""
    (folder / "tree.yml").write_text(yaml.safe_dump(settings))
    loader = DataLoader()
    task = SimpleNamespace(async_val=False)
    shell = SimpleNamespace(_shell=SimpleNamespace(tmpdir=""))
    templar = Templar(loader=loader, variables=dict(variables))
    plugin = ActionModule(task, shell, None, loader, templar, None)
    return {item["path"]: item for item in plugin._files(folder, "demo", dict(variables))}  # noqa: SLF001 - the part under test


@pytest.fixture
def role(tmp_path: Path) -> Path:
    (tmp_path / "tree/etc").mkdir(parents=True)
    (tmp_path / "tree/etc/one.conf.j2").write_text("value = {{ value }}\n")
    return tmp_path


def test_a_file_is_roots_and_readable_unless_the_role_says_otherwise(role: Path) -> None:
    one = files(role, {}, value=1)["etc/one.conf"]
    assert (one["owner"], one["group"], one["mode"], one["secret"]) == ("root", "root", "0644", False)


def test_what_others_may_not_read_is_a_secret(role: Path) -> None:
    assert files(role, {"etc/one.conf": {"mode": "0640"}}, value=1)["etc/one.conf"]["secret"]
    assert not files(role, {"etc/one.conf": {"mode": "0640", "secret": False}}, value=1)["etc/one.conf"]["secret"]


def test_settings_may_use_variables(role: Path) -> None:
    settings = {"etc/one.conf": {"validate": "check {{ value }} %s"}, "etc/zone": {"link": "/zones/{{ value }}"}}
    result = files(role, settings, value="x")
    assert result["etc/one.conf"]["validate"] == "check x %s"
    assert result["etc/zone"]["target"] == "/zones/x"


def test_a_file_from_the_control_node_travels_as_it_is(role: Path) -> None:
    (role / "key.j2").write_bytes(b"{{ not a template }}")
    sent = files(role, {"etc/key": {"from": str(role / "key.j2")}}, value=1)["etc/key"]
    assert sent["content"] == "e3sgbm90IGEgdGVtcGxhdGUgfX0="


def test_an_initial_state_is_a_path_with_a_command_and_what_is_superseded_is_no_path(role: Path) -> None:
    settings = {"etc/begun": {"initial": "begin"}, "superseded": {"paths": ["etc/old"]}}
    found = files(role, settings, value=1)
    assert (found["etc/begun"]["state"], found["etc/begun"]["command"]) == ("initial", "begin")
    assert set(found) == {"etc/begun", "etc/one.conf"}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "one.conf.j2"),
        ({"etc/one.conf": {"mode": 640}}, "quoted octal"),
        ({"etc/one.conf": {"modus": "0640"}}, "modus"),
        ({"etc/one.conf": {"validate": "nginx -t"}}, "validate is 'nginx -t'"),
        ({"etc/one.conf": {"validate_all": "nginx -t %s"}}, "validate_all is"),
        ({"etc/begun": {"initial": "begin %s"}}, "initial is"),
        ({"etc/two.conf": {"mode": "0640"}}, "names etc/two.conf, but there is no such file"),
        ({"etc/two.conf": {"from": "/nowhere/two"}}, "/nowhere/two does not exist"),
        ({"etc/one.conf": {"owner": "{{ missing }}"}}, "tree.yml: etc/one.conf: owner"),
    ],
)
def test_a_mistake_in_the_role_names_the_place(role: Path, settings: dict[str, Any], message: str) -> None:
    known = {"value": 1} if settings else {}
    with pytest.raises(AnsibleActionFail, match=message):
        files(role, settings, **known)
