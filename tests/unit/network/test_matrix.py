"""The port matrix: every flow once for each pair of zones, in the site's own addresses, for people and for programs."""

from __future__ import annotations

import csv
import subprocess
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from conclave.cli import build
from conclave.documents import pdf
from conclave.network import matrix
from conclave.network.passages import host_zones, passages
from conclave.site import read

if TYPE_CHECKING:
    from pathlib import Path

    from conclave.catalog import Catalog
    from conclave.language import Language
    from conclave.network.passages import Passage
    from conclave.site.model import Site

LANGUAGES: tuple[Language, ...] = ("de", "en")


def _find(found: list[Passage], flow: str, source: str, target: str) -> Passage:
    (one,) = [p for p in found if (p.flow.name, p.source.zone, p.target.zone) == (flow, source, target)]
    return one


def test_every_flow_passes_somewhere(catalog: Catalog, asking: Site) -> None:
    assert {p.flow.name for p in passages(catalog, asking)} == {
        flow.name for flow in catalog.flows if flow.name != "postgresql"
    }


def test_a_flow_inside_one_host_is_none_of_the_network_teams_business(catalog: Catalog, lab: Site) -> None:
    assert "postgresql" not in {p.flow.name for p in passages(catalog, lab)}


def test_what_arrives_from_outside_lives_in_open_mode_only_and_is_translated(catalog: Catalog, lab: Site) -> None:
    web = _find(passages(catalog, lab), "web", "outside", "edge")
    assert (web.kind, web.modes) == ("arriving", ("open",))
    assert list(map(str, web.translated(web.target.of(4)[0]))) == ["203.0.113.1"]
    assert web.translated(web.target.of(6)[0]) == ()
    assert list(map(str, web.target.networks)) == ["192.0.2.2/32", "2001:db8:1:1::2/128"]


def test_between_zones_a_flow_keeps_its_modes(catalog: Catalog, lab: Site) -> None:
    web = _find(passages(catalog, lab), "web", "users", "edge")
    assert (web.kind, web.modes, web.public) == ("crossing", ("open", "isolated"), ())


def test_a_router_speaks_from_the_zone_of_its_partner(catalog: Catalog, lab: Site) -> None:
    found = passages(catalog, lab)
    assert not [p for p in found if p.kind == "crossing" and "rt" in (*p.source.hosts, *p.target.hosts)]
    names = _find(found, "dns", "core", "core")
    assert names.kind == "inside"
    assert "192.0.2.65/32" in map(str, names.source.networks)


def test_only_a_site_that_names_servers_outside_opens_anything_to_the_outside(
    catalog: Catalog, lab: Site, asking: Site
) -> None:
    assert not [p for p in passages(catalog, lab) if p.kind == "leaving"]
    leaving = {p.flow.name: p for p in passages(catalog, asking) if p.kind == "leaving"}
    assert sorted(leaving) == ["dns-upstream", "ntp-upstream"]
    assert list(map(str, leaving["dns-upstream"].target.networks)) == ["203.0.113.53/32"]
    assert leaving["ntp-upstream"].modes == ("open",)


def test_one_box_has_nothing_between_its_own_roles(catalog: Catalog) -> None:
    found = passages(catalog, read.load("onebox"))
    assert {p.kind for p in found} == {"arriving", "crossing"}
    assert {p.source.zone for p in found} == {"outside", "users", "mgmt"}


def test_zones_of_hosts_are_those_that_may_be_closed(lab: Site) -> None:
    assert list(host_zones(lab)) == ["edge", "media", "core", "depot"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_table_for_programs_reads_back(catalog: Catalog, asking: Site, language: Language) -> None:
    text = matrix.as_csv(catalog, asking, language)
    rows = list(csv.DictReader(text.splitlines(), delimiter={"de": ";", "en": ","}[language]))
    assert len(rows) == len(passages(catalog, asking))
    media = next(row for row in rows if row["flow"] == "media-udp" and row["kind"] == "arriving")
    assert media["public_addresses"] == "203.0.113.1"
    assert (media["direction"], media["dscp_number"], media["dscp_sound"]) == ("↔", "34", "EF")


@pytest.mark.parametrize("language", LANGUAGES)
def test_markdown_names_every_passage(catalog: Catalog, asking: Site, language: Language) -> None:
    text = matrix.as_markdown(catalog, asking, language)
    for passage in passages(catalog, asking):
        assert f"`{passage.flow.name}`: {getattr(passage.flow.purpose, language)}" in text
    assert "203.0.113.1 ⇒ 192.0.2.2" in text


@pytest.mark.parametrize("site", ["lab", "sample", "onebox"])
def test_the_page_is_printed_whole_with_its_number_on_every_sheet(catalog: Catalog, site: str) -> None:
    page = matrix.as_html(catalog, read.load(site), "de")
    assert "http" not in page.replace("http-equiv", "")
    done = subprocess.run(["pdftotext", "-layout", "-", "-"], input=pdf(page), capture_output=True, check=True)
    sheets = done.stdout.decode().rstrip("\f").split("\f")
    assert f"Seite {len(sheets)} von {len(sheets)}" in sheets[-1]
    assert "Portmatrix" in sheets[0]


def test_the_command_writes_every_form(tmp_path: Path) -> None:
    done = CliRunner().invoke(
        build(("network",)), ["network", "matrix", "lab", "--language", "en", "--out", str(tmp_path)]
    )
    assert done.exit_code == 0, done.output
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        f"ports-lab.en.{form}" for form in ("csv", "html", "md", "pdf")
    ]
