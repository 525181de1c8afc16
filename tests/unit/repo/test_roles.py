"""Every role has the same files, says the same about its variables twice, and its page is made from that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml
from tools.role_readmes import ROLES, readme, specifications

if TYPE_CHECKING:
    from pathlib import Path

# The catalogue is variables only, and its names are the whole site's.
NAMES = sorted(path.name for path in ROLES.iterdir() if path.is_dir() and path.name != "catalog")
# What tree.yml may say of a path that has no file in the tree.
FROM_ELSEWHERE = {"from", "link", "remove", "exclusive", "initial", "whole"}
# And what it says of no path.
NO_PATH = {"superseded"}


def read(path: Path) -> Any:  # noqa: ANN401 - YAML holds anything
    return yaml.safe_load(path.read_text(encoding="utf-8")) if path.is_file() else None


def options(role: str) -> dict[str, Any]:
    """Return the variables of all entry points; they share the defaults."""
    found: dict[str, Any] = {}
    for entry in specifications(ROLES / role).values():
        found |= entry.get("options") or {}
    return found


def disagreements(defaults: dict[str, Any], options: dict[str, Any]) -> list[str]:
    """Say where defaults and specification tell different things."""
    found = [f"{name}: in defaults, not specified" for name in sorted(defaults.keys() - options.keys())]
    for name, option in options.items():
        if option.get("required") and name in defaults:
            found.append(f"{name}: required, but has a default")
        elif "default" in option and name not in defaults:
            found.append(f"{name}: specified default, none in defaults")
        elif name in defaults and "default" not in option:
            found.append(f"{name}: in defaults, specified without")
        elif name in defaults and defaults[name] != option["default"]:
            found.append(f"{name}: {defaults[name]!r} in defaults, {option['default']!r} specified")
        if not option.get("description"):
            found.append(f"{name}: no description")
    return found


@pytest.mark.parametrize("role", NAMES)
def test_defaults_and_specification_agree(role: str) -> None:
    defaults = read(ROLES / role / "defaults" / "main.yml") or {}
    assert disagreements(defaults, options(role)) == []


@pytest.mark.parametrize(
    ("defaults", "option", "said"),
    [
        ({"x": 1}, None, "x: in defaults, not specified"),
        ({}, {"default": 1}, "x: specified default, none in defaults"),
        ({"x": 1}, {}, "x: in defaults, specified without"),
        ({"x": 1}, {"default": 2}, "x: 1 in defaults, 2 specified"),
        ({"x": 1}, {"required": True}, "x: required, but has a default"),
    ],
)
def test_each_disagreement_is_seen(defaults: dict[str, Any], option: dict[str, Any] | None, said: str) -> None:
    specified = {} if option is None else {"x": {"description": "x", **option}}
    assert disagreements(defaults, specified) == [said]


@pytest.mark.parametrize("role", NAMES)
def test_a_role_has_the_standard_files(role: str) -> None:
    folder = ROLES / role
    wanted = ["defaults/main.yml", "meta/argument_specs.yml", "tasks/main.yml", "README.md"]
    assert [name for name in wanted if not (folder / name).is_file()] == []
    # What differs from root:root 0644 stands beside the files.
    assert (folder / "tree").is_dir() == (folder / "tree.yml").is_file()


@pytest.mark.parametrize("role", NAMES)
def test_variables_carry_the_role_s_name(role: str) -> None:
    names = {*(read(ROLES / role / "defaults" / "main.yml") or {}), *options(role)}
    assert [name for name in sorted(names) if not name.startswith(f"{role}_")] == []


@pytest.mark.parametrize("role", NAMES)
def test_what_tree_yml_speaks_of_is_in_the_tree(role: str) -> None:
    tree = ROLES / role / "tree"
    listed = read(ROLES / role / "tree.yml") or {}
    missing = [
        path
        for path, settings in listed.items()
        if path not in NO_PATH
        and not FROM_ELSEWHERE & set(settings or {})
        and not (tree / path).exists()
        and not (tree / f"{path}.j2").exists()
    ]
    assert missing == []


@pytest.mark.parametrize("role", NAMES)
def test_the_role_s_page_is_made_from_its_specification_as_it_stands(role: str) -> None:
    page = ROLES / role / "README.md"
    assert page.is_file(), "make docs"
    assert page.read_text(encoding="utf-8") == readme(ROLES / role), "make docs"


@pytest.mark.parametrize("role", NAMES)
def test_the_page_says_more_than_a_title(role: str) -> None:
    assert specifications(ROLES / role)["main"].get("description")


@pytest.mark.parametrize("role", NAMES)
def test_no_program_hides_in_a_role(role: str) -> None:
    """A program is a file that linters, type checkers and tests see: it stands in host/, a role places its settings."""
    tree = ROLES / role / "tree"
    settings = read(ROLES / role / "tree.yml") or {}
    shebangs = [path for path in (ROLES / role).rglob("*") if path.is_file() and path.read_bytes()[:2] == b"#!"]
    bits = [path for path, setting in settings.items() if int(str(setting.get("mode", "0644")), 8) & 0o111]
    code = [path for path in tree.rglob("*") if path.name.removesuffix(".j2").endswith((".py", ".sh", ".pl"))]
    found = {str(path.relative_to(tree)).removesuffix(".j2") for path in [*shebangs, *code]} | set(bits)
    assert found == set()


@pytest.mark.parametrize("role", NAMES)
def test_a_role_that_serves_with_the_certificate_says_what_a_new_one_reloads(role: str) -> None:
    texts = [path.read_bytes() for path in (ROLES / role / "tree").rglob("*") if path.is_file()]
    # site_ca places the certificate itself.
    if role != "site_ca" and any(b"catalog_paths.tls_key" in text for text in texts):
        assert f"{role}_certificate_units" in (read(ROLES / role / "defaults/main.yml") or {})


@pytest.mark.parametrize("role", NAMES)
def test_what_is_superseded_is_placed_by_nobody(role: str) -> None:
    listed = (read(ROLES / role / "tree.yml") or {}).get("superseded", {})
    assert set(listed) <= {"units", "paths", "users"}
    units = [f"etc/systemd/system/{unit}" for unit in listed.get("units", [])]
    trees = [*ROLES.glob("*/tree"), ROLES.parent / "host/tree"]
    placed = {str(path.relative_to(tree)).removesuffix(".j2") for tree in trees for path in tree.rglob("*")}
    gone = {path.rstrip("/") for path in [*units, *listed.get("paths", [])]}
    assert gone & placed == set()


@pytest.mark.parametrize("path", sorted(ROLES.glob("*/tree/etc/sysctl.d/*")), ids=lambda path: path.name)
def test_kernel_settings_are_in_force_without_a_reboot(path: Path) -> None:
    role = path.parents[3]
    entries = read(role / "tree.yml")
    notified = entries[f"etc/sysctl.d/{path.name.removesuffix('.j2')}"]["notify"]
    (handler,) = [one for one in read(role / "handlers/main.yml") if one["name"] == notified]
    assert handler["ansible.builtin.systemd_service"]["name"] == "systemd-sysctl.service"
