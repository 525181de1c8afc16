"""The crisis switch over a whole site: every host at once, each verified, none believed."""

from __future__ import annotations

from conclave.crisis.report import HostReport, Report
from conclave.crisis.switch import Order, look, switch

__all__ = ["HostReport", "Order", "Report", "look", "switch"]
