"""The lab: the whole site on one machine, in namespaces without a way out."""

from __future__ import annotations

import os
import sys

from conclave.errors import ConclaveError, ExitCode
from conclave.lab.access import VARIABLE, replace_process
from conclave.lab.canary import CanaryCount
from conclave.lab.lab import Lab, Status
from conclave.paths import inventory

__all__ = ["CanaryCount", "Lab", "Status", "enter"]


def enter(site: str, lab_name: str | None = None) -> None:
    """Continue this command on the control node of a lab, when the site is one.

    Returns at once for a site on real hosts and inside the lab; otherwise the process starts again there, with the
    same arguments, environment, working folder and standard streams.

    Parameters
    ----------
    site:
        Name of the site; it is a lab when its inventory has a `lab.yml`.
    lab_name:
        Which lab to use, by default the one named like the site.

    Raises
    ------
    ConclaveError
        When the lab is not up, or when this process is inside another lab.
    """
    if not (inventory(site) / "lab.yml").is_file():
        return
    inside = os.environ.get(VARIABLE)
    name = lab_name or inside or site
    if inside == name:
        return
    if inside:
        raise ConclaveError(
            f"this process is inside lab {inside!r}",
            expected=f"lab {name!r}",
            todo="leave the lab's shell",
            exit_code=ExitCode.NOT_READY,
        )
    lab = Lab(name)
    replace_process(lab.command("control", [sys.executable, *sys.orig_argv[1:]]), lab.environment())
