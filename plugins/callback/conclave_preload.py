# SPDX-License-Identifier: GPL-3.0-or-later
"""Load what every task needs before Ansible forks for the first time.

Ansible forks once for every task and host, and each fork loads all filters anew: half the time of a task that changes
nothing. What the parent has loaded, its forks have. A callback is the only plugin that exists early enough; this one
calls back nothing.
"""

from __future__ import annotations

from ansible.plugins.callback import CallbackBase
from ansible.plugins.loader import filter_loader, test_loader

DOCUMENTATION = r"""
name: conclave_preload
type: notification
short_description: Load filters once instead of once for every task and host
description: Says nothing and changes nothing.
author: [Conclave]
"""


class CallbackModule(CallbackBase):  # type: ignore[misc] # ansible-core ships no types
    """Loads, then stays silent."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "conclave_preload"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        """Load the filters, the tests, and what our filters import when they are first used."""
        super().__init__()
        import conclave.catalog  # noqa: F401, PLC0415 - only here is the time for it

        list(filter_loader.all())
        list(test_loader.all())
