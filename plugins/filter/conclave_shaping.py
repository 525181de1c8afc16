# SPDX-License-Identifier: GPL-3.0-or-later
"""Hands the router the settings of its uplink's shaping."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

CATALOG = Path(__file__).parents[2] / "roles/catalog/defaults/main.yml"


def conclave_shaping(interfaces: Sequence[str], uplink: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings for the interfaces to the outside; ``uplink`` is the answer of site.yml."""
    # Half a second of processor time that every task would pay: each loads all filters.
    from conclave.catalog import Catalog  # noqa: PLC0415
    from conclave.firewall.shaping import shaping  # noqa: PLC0415

    return shaping(Catalog.load(CATALOG), list(interfaces), float(uplink["up"]), float(uplink["down"]))


class FilterModule:
    """Offer the filter to Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filter by name."""
        return {"conclave_shaping": conclave_shaping}
