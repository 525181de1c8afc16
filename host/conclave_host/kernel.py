"""Whether the kernel enforces what is staged: both are listed by nft and compared."""

from __future__ import annotations

from conclave_host import rules, spawn

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection

LISTING = ("nft", "--json", "list", "ruleset")


def enforces(text: bytes, tables: Collection[str]) -> bool:
    """Load rules in a network namespace of their own and compare what the kernel makes of them with what is live.

    Parameters
    ----------
    text:
        Rules as ``nft -f`` reads them.
    tables:
        Family and name of those to compare: tables of others are none of this host's promise.
    """
    script = f"nft -f - && exec {' '.join(LISTING)}"
    wanted = spawn.Running(["unshare", "--net", "sh", "-c", script], text, quiet=True, capture=True)
    live = spawn.Running(list(LISTING), quiet=True, capture=True)
    (status_live, is_), (status_wanted, should) = live.end(), wanted.end()
    return not status_live and not status_wanted and _of(is_, tables) == _of(should, tables)


def others(tables: Collection[str]) -> list[str]:
    """Return the live tables that are none of these, as `foreign` names them."""
    status, listing = spawn.Running(list(LISTING), quiet=True, capture=True).end()
    return ["nft lists no rules"] if status else foreign(listing, tables)


def foreign(listing: str | bytes, tables: Collection[str]) -> list[str]:
    """Return the tables of a listing that are none of these, and which has a flowtable: its packets pass all rules."""
    found: dict[str, str] = {}
    for entry in rules.entries(listing):
        table = rules.table_of(entry)
        if table not in tables:
            found[table] = " (with a flowtable)" if "flowtable" in entry else found.get(table, "")
    return [f"{table}{more}" for table, more in sorted(found.items())]


def _of(listing: bytes, tables: Collection[str]) -> object:
    return rules.normal(entry for entry in rules.entries(listing) if rules.table_of(entry) in tables)
