"""Rule sets of hosts: the flow catalogue and the inventory in, nftables text out."""

from conclave.firewall.cut import cut, sealed
from conclave.firewall.ruleset import ruleset

__all__ = ["cut", "ruleset", "sealed"]
