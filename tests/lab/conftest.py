"""Who shares a lab runs on the same worker of pytest-xdist."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

import pytest
from xdist.scheduler import LoadScopeScheduling

if TYPE_CHECKING:
    from xdist.remote import Producer


class ByFolder(LoadScopeScheduling):
    """Gives the tests of a folder to one worker: its session fixtures would start once on each."""

    def _split_scope(self, nodeid: str) -> str:
        return str(PurePath(nodeid.partition("::")[0]).parent)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByFolder:
    """Schedule so, whatever ``--dist`` says."""
    return ByFolder(config, log)
