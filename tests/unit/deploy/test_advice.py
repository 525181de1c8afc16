"""What an operator is told to do after a failure can be typed at a site."""

from __future__ import annotations

from tests.sites import LAB

from conclave.deploy.command import advice
from conclave.deploy.progress import Failure


def test_after_a_failure_of_apt_the_packages_are_compared_with_the_bundle() -> None:
    failure = Failure("edge1", "base", "install", "ansible.builtin.apt", "held broken packages", unreachable=False)
    assert advice(LAB, failure) == "conclave preflight lab --bundle FOLDER names packages that do not fit the bundle"
