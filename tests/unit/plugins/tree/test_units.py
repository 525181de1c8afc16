"""The units of a role run at the end, and at the next boot, whatever somebody has done to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from plugins.module_utils import conclave_tree_host

if TYPE_CHECKING:
    from pathlib import Path

OK = (0, "", "")


class Systemd:
    """One unit as systemctl shows it; what masks it hides whether it is enabled."""

    def __init__(self, *, mask: str = "", enabled: str = "enabled", active: str = "active") -> None:
        self.mask, self.enabled, self.active = mask, enabled, active
        self.log: list[str] = []

    def run(self, argv: list[str]) -> tuple[int, str, str]:
        match argv[1:]:
            case ["is-enabled", _]:
                return 0, f"{self.mask or self.enabled}\n", ""
            case ["is-active", _]:
                return 0, f"{self.active}\n", ""
            case ["unmask", "--runtime", _]:
                self.mask = "" if self.mask == "masked-runtime" else self.mask
            case ["unmask", _]:
                self.mask = "" if self.mask == "masked" else self.mask
            case ["enable" | "start", unit] if self.mask:
                return 1, "", f"Unit {unit} is masked."
            case ["enable", _]:
                self.enabled = "enabled"
            case ["start", _]:
                self.active = "active"
        self.log.append(" ".join(argv[1:]))
        return OK


@pytest.fixture
def start(module: Any) -> Any:  # noqa: ANN401 - a module that only Ansible can import by its names
    return module.start


@pytest.mark.parametrize("mask", ["masked", "masked-runtime"])
@pytest.mark.parametrize("enabled", ["enabled", "static", "disabled"])
def test_a_masked_unit_is_unmasked_started_and_starts_at_boot(
    start: Any,  # noqa: ANN401
    tmp_path: Path,
    mask: str,
    enabled: str,
) -> None:
    systemd = Systemd(mask=mask, enabled=enabled, active="inactive")
    tree = conclave_tree_host.RoleTree(systemd.run, "nginx", root=str(tmp_path))
    assert start(tree, ["nginx.service"]) == ["nginx.service"]
    assert (systemd.mask, systemd.active) == ("", "active")
    assert systemd.enabled == ("enabled" if enabled == "disabled" else enabled)
    assert "nginx.service: unmasked" in tree.remarks
    systemd.log.clear()
    assert start(tree, ["nginx.service"]) == []
    assert systemd.log == [], "a second run changes nothing"


def test_a_dry_run_tells_of_a_masked_unit_and_leaves_it(start: Any, tmp_path: Path) -> None:  # noqa: ANN401
    systemd = Systemd(mask="masked")
    tree = conclave_tree_host.RoleTree(systemd.run, "nginx", check=True, root=str(tmp_path))
    assert start(tree, ["nginx.service"]) == []
    assert tree.remarks == ["nginx.service: unmasked"]
    assert systemd.log == []
