"""Kernel settings that somebody has changed behind their files come back, and nothing else makes a change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from plugins.module_utils import conclave_tree_host, conclave_tree_kernel, conclave_tree_superseded

if TYPE_CHECKING:
    from pathlib import Path

FILE = "etc/sysctl.d/60-conclave.conf"
TEXT = "# why\n-net.ipv4.ip_forward = 0\n-kernel.kptr_restrict = 1\nnet.ipv6.conf.absent.forwarding = 0\n"


class Kernel:
    """A host whose role has placed its settings, with a folder in the place of ``/proc/sys``."""

    def __init__(self, root: Path, *, contained: bool = False) -> None:
        self.root, self.contained = root, contained
        self.tree = conclave_tree_host.RoleTree(self.run, "base", root=str(root), state=str(root / "state"))
        self.write(FILE, TEXT)
        self.write("proc/sys/net/ipv4/ip_forward", "0\n")
        self.write("proc/sys/kernel/kptr_restrict", "2\n")

    def run(self, _argv: list[str]) -> tuple[int, str, str]:
        return 0 if self.contained else 1, "", ""

    def write(self, path: str, text: str) -> None:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)

    def changed(self) -> dict[str, list[str]]:
        return conclave_tree_kernel.changed_settings(self.tree, [self.wanted()])

    def wanted(self) -> conclave_tree_host.Wanted:
        place = self.root / FILE
        place.chmod(0o644)
        names = {"owner": place.owner(), "group": place.group()}
        return conclave_tree_host.Wanted(FILE, "file", content=TEXT.encode(), notify=["Apply"], **names)


@pytest.fixture
def kernel(tmp_path: Path) -> Kernel:
    return Kernel(tmp_path)


def test_a_stricter_value_and_a_setting_that_the_kernel_lacks_are_left_alone(kernel: Kernel) -> None:
    assert kernel.changed() == {}


def test_a_changed_value_is_named(kernel: Kernel) -> None:
    kernel.write("proc/sys/net/ipv4/ip_forward", "1\n")
    kernel.write("proc/sys/kernel/kptr_restrict", "0\n")
    assert kernel.changed() == {FILE: ["net.ipv4.ip_forward is 1, not 0", "kernel.kptr_restrict is 0, not 1"]}


def test_a_container_is_not_asked_for_its_hosts_settings(kernel: Kernel) -> None:
    kernel.contained = True
    kernel.write("proc/sys/kernel/kptr_restrict", "0\n")
    assert kernel.changed() == {}


def test_what_a_later_file_sets_would_not_come_back(kernel: Kernel) -> None:
    kernel.write("proc/sys/net/ipv4/ip_forward", "1\n")
    kernel.write("usr/lib/sysctl.d/50-default.conf", "net.ipv4.ip_forward=1\n")
    assert kernel.changed()
    kernel.write("run/sysctl.d/99-theirs.conf", "net.ipv4.ip_forward=1\n")
    assert kernel.changed() == {}


@pytest.mark.parametrize("check", [True, False])
def test_the_handler_of_the_file_runs_once_and_the_change_is_told(
    kernel: Kernel,
    module: Any,  # noqa: ANN401
    *,
    check: bool,
) -> None:
    nothing = conclave_tree_superseded.Superseded()
    kernel.tree.check = check
    quiet = module.place(kernel.tree, [kernel.wanted()], nothing, {}, "run")
    assert (quiet["changed"], quiet["notify"]) == (False, [])
    kernel.write("proc/sys/net/ipv4/ip_forward", "1\n")
    told = module.place(kernel.tree, [kernel.wanted()], nothing, {}, "run")
    assert (told["changed"], told["notify"]) == (True, ["Apply"])
    assert told["paths"] == [f"/{FILE}: net.ipv4.ip_forward is 1, not 0"]
    assert kernel.tree.unfinished()["notify"] == ([] if check else ["Apply"])
