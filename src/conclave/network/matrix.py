"""The port matrix of a site as plain data, and as CSV, Markdown, HTML and PDF."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

from conclave import documents, text
from conclave.bandwidth import classes
from conclave.firewall.marks import DSCP
from conclave.network.passages import KINDS, OUTSIDE, Passage, passages
from conclave.network.words import WORDS

if TYPE_CHECKING:
    from datetime import datetime

    from conclave.catalog import Catalog, Dscp
    from conclave.language import Language
    from conclave.network.passages import Kind
    from conclave.site.model import Site
    from conclave.site.zones import Network

# What Excel takes for a column's end in each language.
_SEPARATOR = {"de": ";", "en": ","}
AUDIO: Dscp = "EF"
NOTHING = "\N{EN DASH}"


def data(catalog: Catalog, site: Site, language: Language) -> dict[str, Any]:
    """Return what the documents show: sections of rows, zones, class sizes, and the words of the language."""
    words = text.words(WORDS, language)
    rows = [_row(passage, site, language, words) for passage in passages(catalog, site)]
    uplink = site.answers.uplink
    out, into = classes(uplink.up), classes(uplink.down)
    return {
        "w": words,
        "sections": {kind: found for kind in KINDS if (found := [row for row in rows if row["kind"] == kind])},
        "zones": [
            {"zone": zone, "networks": list(map(str, networks)), "hosts": _hosts_in(site, zone)}
            for zone, networks in site.answers.zones.items()
        ],
        "domain": site.answers.domain,
        "public": list(map(str, site.public)),
        "names": _public_names(catalog, site),
        "uplink": {"up": uplink.up, "down": uplink.down},
        "classes": [
            {"key": key, "dscp": mark, "out": round(getattr(out, key)), "in": round(getattr(into, key))}
            for key, mark in (("audio", "EF 46"), ("video", "AF41 34"), ("signalling", "CS3 24"), ("rest", ""))
        ],
    }


def as_html(catalog: Catalog, site: Site, language: Language, made: datetime | None = None) -> str:
    """Return the matrix as one HTML page."""
    shown = {**documents.imprint(site.answers.name, made), **data(catalog, site, language)}
    return documents.html("ports", language, shown)


def as_csv(catalog: Catalog, site: Site, language: Language) -> str:
    """Return the matrix as a table for programs: keys in the head, one row a passage, lists separated by blanks."""
    rows = [row for found in data(catalog, site, language)["sections"].values() for row in found]
    file = io.StringIO()
    columns = [key for key in rows[0] if key not in {"to_lines", "from_lines", "limit_text", "dscp_lines", "mode_text"}]
    writer = csv.DictWriter(file, columns, delimiter=_SEPARATOR[language], extrasaction="ignore", lineterminator="\r\n")
    writer.writeheader()
    for row in rows:
        writer.writerow(
            {key: " ".join(map(str, value)) if isinstance(value, list) else value for key, value in row.items()}
        )
    return file.getvalue()


def as_markdown(catalog: Catalog, site: Site, language: Language) -> str:
    """Return the matrix as a Markdown page; it has no date, so it changes only when the site or the catalogue does."""
    found = data(catalog, site, language)
    words = found["w"]
    lines = [f"# {words['title']}: {site.answers.name}", "", words["lead"], "", f"## {words['zones']}", ""]
    lines += _table(
        [words["zone"], words["networks"], words["hosts"]],
        [[zone["zone"], ", ".join(zone["networks"]), ", ".join(zone["hosts"])] for zone in found["zones"]],
    )
    head = [
        words[key] for key in ("flow", "from", "to", "protocol", "port", "direction", "mode", "tls", "dscp", "limit")
    ]
    for kind, rows in found["sections"].items():
        lines += ["", f"## {words[kind]}", "", text_of(kind, found), ""]
        lines += _table(
            head if kind == "arriving" else head[:-1],
            [
                [
                    f"`{row['flow']}`: {row['purpose']}",
                    "<br>".join(row["from_lines"]),
                    "<br>".join(row["to_lines"]),
                    "/".join(row["protocols"]),
                    ", ".join(map(str, row["ports"])),
                    row["direction"],
                    row["mode_text"],
                    words[row["tls"]],
                    ", ".join(row["dscp_lines"]),
                    *([row["limit_text"]] if kind == "arriving" else []),
                ]
                for row in rows
            ],
        )
    lines += ["", f"## {words['quality']}", "", words["quality_text"].format(sound="EF"), ""]
    lines += _table(
        [words["class"], "DSCP", words["out"], words["in"], words["served"]],
        [
            [words[c["key"]], c["dscp"] or NOTHING, str(c["out"]), str(c["in"]), words[f"{c['key']}_served"]]
            for c in found["classes"]
        ],
    )
    lines += ["", f"## {words['remarks']}", ""]
    lines += [f"- {remark}" for remark in remarks(found)]
    return "\n".join([*lines, ""])


def text_of(kind: Kind, found: dict[str, Any]) -> str:
    """Return the sentence below a section's heading."""
    plain = kind == "arriving" and not found["public"]
    return str(found["w"]["arriving_plain" if plain else f"{kind}_text"])


def remarks(found: dict[str, Any]) -> list[str]:
    """Return what a network team has to know beside the lines."""
    words = found["w"]
    return [words["crisis"], words["icmp"], words["timeout"], words["alg"], words["dns"].format(domain=found["domain"])]


def _row(passage: Passage, site: Site, language: Language, words: dict[str, str]) -> dict[str, Any]:
    flow = passage.flow
    shared = passage.either_first and "media" in flow.targets
    limit = flow.limit
    return {
        "flow": flow.name,
        "kind": passage.kind,
        "from_zone": passage.source.zone,
        "from_hosts": list(passage.source.hosts),
        "from_addresses": list(map(_plain, passage.source.networks)),
        "to_zone": passage.target.zone,
        "to_hosts": list(passage.target.hosts),
        "to_addresses": list(map(_plain, passage.target.networks)),
        "public_addresses": list(map(str, passage.public)),
        "protocols": list(flow.protocols),
        "ports": list(flow.ports),
        "direction": "↔" if passage.either_first else "→",
        "modes": list(passage.modes),
        "tls": "yes" if flow.tls else "no",
        "dscp": flow.dscp,
        "dscp_number": DSCP[flow.dscp],
        "dscp_sound": AUDIO if shared else "",
        "new_per_second": limit.new_per_second if limit and passage.kind == "arriving" else "",
        "burst": limit.burst if limit and passage.kind == "arriving" else "",
        "connections": limit.connections if limit and passage.kind == "arriving" else "",
        "purpose": getattr(flow.purpose, language),
        "from_lines": _lines(passage, site, words, target=False),
        "to_lines": _lines(passage, site, words, target=True),
        "mode_text": words[",".join(passage.modes)],
        "dscp_lines": [
            f"{flow.dscp} {DSCP[flow.dscp]}",
            *([f"{words['sound']} {AUDIO} {DSCP[AUDIO]}"] if shared else []),
        ],
        "limit_text": words["per_second"].format(limit.new_per_second, limit.burst, limit.connections) if limit else "",
    }


def _lines(passage: Passage, site: Site, words: dict[str, str], *, target: bool) -> list[str]:
    """Return one end for people: who, then one line an address; what is translated stands before its goal."""
    party = passage.target if target else passage.source
    if party.zone == OUTSIDE:
        named = [words[name] for name in party.hosts]
        return [*(named or [f"{OUTSIDE} ({words['everything']})"]), *map(_plain, party.networks)]
    who = [f"{party.zone}: {', '.join(f'{name}.{site.answers.domain}' for name in party.hosts)}"]
    lines = who if party.hosts else [party.zone]
    for net in party.networks:
        public = passage.translated(net) if target else ()
        lines.append(f"{', '.join(map(str, public))} ⇒ {_plain(net)}" if public else _plain(net))
    return lines


def _plain(net: Network) -> str:
    return str(net.network_address) if net.prefixlen == net.max_prefixlen else str(net)


def _hosts_in(site: Site, zone: str) -> list[str]:
    return [
        f"{host.name} ({', '.join(sorted(host.roles))})"
        for host in site.hosts
        if host.conclave_zone == zone
        or ("router" in host.roles and any(site.answers.zone_of(a) == zone for a in host.conclave_addresses))
    ]


def _public_names(catalog: Catalog, site: Site) -> list[str]:
    return catalog.names_of({"edge"}, site.answers.domain)


def _table(head: list[str], rows: list[list[str]]) -> list[str]:
    return [f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows)]
