"""The module, which only Ansible can import by the names that it uses."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from typing import Any

import plugins.module_utils
import pytest


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> Any:  # noqa: ANN401
    for found in pkgutil.iter_modules(plugins.module_utils.__path__):
        used = importlib.import_module(f"plugins.module_utils.{found.name}")
        monkeypatch.setitem(sys.modules, f"ansible.module_utils.{found.name}", used)
    return importlib.import_module("plugins.modules.conclave_tree")
