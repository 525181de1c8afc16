"""The catalogue as it is, and catalogues that must be refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from conclave.catalog import Catalog
from conclave.errors import ConclaveError

SOURCE = Path(__file__).parents[2] / "roles/catalog/defaults/main.yml"


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return Catalog.load(SOURCE)


def test_the_projects_catalogue_fits_together(catalog: Catalog) -> None:
    assert catalog.port("web") == 443
    assert catalog.flow("dns").protocols == ["udp", "tcp"]


def test_names_belong_to_the_hosts_that_carry_their_role(catalog: Catalog) -> None:
    assert catalog.names_of({"media"}, "conf.example.org") == ["sfu.conf.example.org"]
    assert "meet.conf.example.org" in catalog.names_of({"edge", "core"}, "conf.example.org")


def test_every_flow_stays_alive_when_the_site_is_isolated_or_says_why_not(catalog: Catalog) -> None:
    assert all("open" in flow.modes for flow in catalog.flows)


def test_an_unknown_flow_names_those_that_exist(catalog: Catalog) -> None:
    with pytest.raises(ConclaveError) as error:
        catalog.flow("telnet")
    assert "media-udp" in error.value.expected


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("name: media-tcp", "name: media-udp", "named twice"),
        ("ports: [7881]", "ports: [22]", "tcp port 22 is taken by ssh and media-tcp"),
        ("livekit_http: 7880", "livekit_http: 7882", "udp port 7882 is taken by media-udp and livekit_http"),
        ("turn_relay: [30000, 30200]", "turn_relay: [3000, 30200]", "is taken by"),
        ("ports: [5349]", "ports: [0]", "ports.0"),
        ("from: [edge]\n    to: [media]", "from: [fringe]\n    to: [media]", "from.0"),
        ("dscp: LE", "dscp: low", "dscp"),
        ("modes: [open, isolated]", "modes: [half-open]", "modes.0"),
        ("    public: true\n", "", "public says False, but from has outside"),
        ("    tls: true\n", "    tls: true\n    colour: red\n", "colour"),
        ("  ns: core", "  ns: cellar", "catalog_names.ns"),
        ("config: /etc/conclave", "config: etc/conclave", "expected an absolute path"),
        ("en: Names of the site.", "en: Names", "purpose.en"),
        ("limit: {new_per_second: 50, burst: 200, connections: 2000}\n    ", "", "a public flow has a limit"),
    ],
)
def test_a_catalogue_that_contradicts_itself_is_refused(tmp_path: Path, before: str, after: str, message: str) -> None:
    text = SOURCE.read_text()
    assert before in text
    broken = tmp_path / "main.yml"
    broken.write_text(text.replace(before, after, 1))
    with pytest.raises(ConclaveError) as error:
        Catalog.load(broken)
    assert message in " ".join(error.value.lines())
    assert error.value.exit_code == 2


def test_a_catalogue_that_is_no_yaml_is_refused(tmp_path: Path) -> None:
    broken = tmp_path / "main.yml"
    broken.write_text("catalog_flows: [")
    with pytest.raises(ConclaveError, match="cannot be read"):
        Catalog.load(broken)


def test_the_catalogue_is_plain_data_without_templates() -> None:
    assert "{{" not in SOURCE.read_text()
    assert YAML(typ="safe").load(SOURCE)
