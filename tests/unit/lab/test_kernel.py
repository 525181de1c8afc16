"""The image of a host with a kernel of its own is that of all others, and more."""

from __future__ import annotations

from pathlib import Path

import pytest

from conclave.lab import access, image, kernel
from conclave.lab.definition import LabHost

DEPOT = image.Source("a depot", "site", ("deb copy:///depot site main",), Path("/depot/depot.gpg"), "1")

MACHINE = image.machine_source()


@pytest.fixture(autouse=True)
def _asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let apt say once what it knows: on a busy machine that takes seconds."""
    monkeypatch.setattr(image, "machine_source", lambda: MACHINE)


def test_each_source_is_bound_to_its_own_key() -> None:
    made = kernel.source(DEPOT, "own", {"unbound"})
    assert made.lines[0] == "deb [signed-by=/depot/depot.gpg] copy:///depot site main"
    others = [row for row in made.lines if f"[signed-by={image.DEBIAN_KEYRING}]" in row]
    assert others
    assert len(others) == len(made.lines) - 1


def test_debians_own_sources_stand_in_it_once() -> None:
    made = kernel.source(MACHINE, "own", set())
    assert len(made.lines) == len(set(made.lines)) == len(MACHINE.lines)


def test_other_packages_make_another_image() -> None:
    keys = {
        image.key(source)
        for source in (DEPOT, kernel.source(DEPOT, "own", set()), kernel.source(DEPOT, "own", {"unbound"}))
    }
    assert len(keys) == 3
    assert {"user-mode-linux", "apparmor", "unbound"} <= set(kernel.source(DEPOT, "own", {"unbound"}).packages)


def test_each_kind_of_kernel_has_an_image_with_the_packages_of_its_hosts() -> None:
    one, two = LabHost(kernel="own", packages=["unbound"]), LabHost(kernel="own", packages=["chrony"])
    made = kernel.sources(DEPOT, [one, two, LabHost(kernel="emulated")])
    assert made.keys() == {"own", "emulated"}
    assert {"user-mode-linux", "unbound", "chrony"} <= set(made["own"].packages)
    assert {"linux-image-cloud-amd64", "qemu-system-x86"} <= set(made["emulated"].packages)
    assert not {"unbound", "user-mode-linux"} & set(made["emulated"].packages)
    assert kernel.sources(DEPOT, []) == {}


def test_a_command_reaches_the_host_in_one_piece(tmp_path: Path) -> None:
    line = access.over_ssh("conclave-lab", tmp_path, "core1", ["sh", "-c", "echo 'a b' > /x"])
    assert line[-1].startswith("env -i ")
    assert line[-1].endswith(""" sh -c 'echo '"'"'a b'"'"' > /x'""")
