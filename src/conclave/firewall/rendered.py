"""What the control node renders for a host: the reference that its live rules and its staged files are held to.

A host's own files are no reference for its rules: whoever changes both changes the hash line as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from conclave.firewall import sets
from conclave.firewall.cut import cut
from conclave.firewall.ruleset import ruleset
from conclave_host import rules

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conclave.catalog import Catalog
    from conclave.site.model import Host, Site

RULES, CUT = "/etc/conclave/firewall/conclave.nft", "/etc/conclave/mode/cut.nft"
# By mode; a sealed host has neither.
FILES = {"open": (RULES,), "isolated": (RULES, CUT)}


def rendered(site: Site, catalog: Catalog, host: Host) -> dict[str, str]:
    """Return the text of each staged rule file of a host, by path, without the line that holds its hash."""
    return {RULES: _text(ruleset(catalog, site, host)), CUT: _text(cut(site, host))}


def _text(rules: str) -> str:
    return f"{rules.strip()}\n"


def body(staged: str) -> str:
    """Return a staged file without its last line, the hash of the lines above it."""
    above, mark, _ = staged.rpartition("# sha256 ")
    return above if mark else staged


# On a host: its whole rule set, then what its kernel makes of the rendered rules where nobody else is.
LIST = "nft -j list ruleset && unshare --net sh -c 'nft -f - && nft -j list ruleset'"


def differences(listed: str, texts: Iterable[str]) -> list[str]:
    """Return where the rules in force are not the rendered ones, in short words; addresses of widened sets come first.

    Parameters
    ----------
    listed:
        What `LIST` has printed, with the rendered texts on its standard input.
    texts:
        The rendered texts.
    """
    live, reference = listed.splitlines()
    found = [
        f"{one.name} {word} {', '.join(addresses)}"
        for one in sets.differences(live, texts)
        for word, addresses in (("also holds", one.more), ("lacks", one.less))
        if addresses
    ]
    return found + rules.differences(rules.normal(rules.entries(live)), rules.normal(rules.entries(reference)))
