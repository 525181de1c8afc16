"""Mistakes in site.yml and hosts.yml are all reported, each with file, line, value and what was expected."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from conclave.errors import ConclaveError
from conclave.paths import project_root
from conclave.site import overrides, read
from conclave.site.model import Answers

if TYPE_CHECKING:
    from .conftest import Inventory


ROOT = project_root()
# In hosts.yml, and what belongs there instead.
VARIABLES = [
    ("connclave_jump: x", "conclave_jump; known here"),
    ("Conclave_zone: core", "conclave_zone; known here"),
    ("ansible_usr: x", "ansible_user; known here"),
    ("ansible_connection: local", "ssh or nothing"),
    ("ansible_ssh_port: 2222", "ansible_port, its present name"),
    ("ansible_ssh_pass: x", "ssh keys"),
    ("ansible_ssh_private_key_file: /x", "IdentityFile"),
    ("ansible_become: false", "by sudo"),
    ('ansible_user: "a b"', "the account to sign in with"),
    ("ansible_user: -oProxyCommand=x", "the account to sign in with"),
]
NOBODYS = ["0.0.0.0", "127.0.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", '"fe80::1%eth0"', '"::ffff:192.0.2.1"']  # noqa: S104 - nothing is bound


@pytest.mark.parametrize("site", ["lab", "sample", "onebox"])
def test_the_inventories_that_come_with_the_product_are_right(site: str) -> None:
    assert read.check_folder(project_root() / "inventories" / site).findings == []


def test_a_site_has_at_most_ten_answers() -> None:
    assert len(Answers.model_fields) <= 10


@pytest.mark.parametrize(
    ("file", "old", "new", "where", "expected"),
    [
        ("site.yml", "name: lab", "name: other", "name", "the name of the folder"),
        ("site.yml", "language: de", "language: fr", "language", "de or en"),
        ("site.yml", "trust: own", "trust: none", "trust", "own"),
        ("site.yml", "trust: own", "trust: own\nplatform: ['*']", "platform.0", "names of packages"),
        ("site.yml", "trust: own", "trust: own\nplatform: auditd", "platform", "names of packages"),
        (
            "site.yml",
            "trust: own",
            "trust: own\nlevels: {standard: {guests: link}}",
            "levels.standard.guests",
            "the rule guests",
        ),
        ("site.yml", "trust: own", "trust: own\nlevels: {default: secret}", "levels.default", "can be planned"),
        ("site.yml", "trust: own", "trust: own\nlevels: {relaxed: {}}", "levels.relaxed", "known here: default, open"),
        ("site.yml", "trust: own", "trust: own\nlevels: {open: {files: no}}", "levels.open.files", "yes, not_kept"),
        ("site.yml", "conf.lab.example", "conf_lab.example", "domain", "DNS domain"),
        ("site.yml", "conf.lab.example", "localhost", "domain", "DNS domain"),
        ("site.yml", "operations@lab.example", "operations", "contact", "mail address"),
        ("site.yml", "up: 50", "up: 0", "uplink.up", "Mbit/s out"),
        ("site.yml", "up: 50", "up: fast", "uplink.up", "Mbit/s out"),
        ("site.yml", ", down: 100", "", "uplink.down", "Mbit/s into"),
        ("site.yml", "[203.0.113.1]", "[203.0.113.0/24]", "uplink.addresses.0", "under which the outside reaches"),
        ("site.yml", "[203.0.113.1]", "[192.0.2.2]", "uplink.addresses.0", "this one is in the zone edge"),
        ("site.yml", "[203.0.113.1]", "[203.0.113.1, 203.0.113.1]", "uplink.addresses.1", "each address once"),
        ("site.yml", "addresses: [", "resolvers: [ns.example.org, ", "uplink.resolvers.0", "name servers outside"),
        ("site.yml", "addresses: [", "ntp_servers: [198.51.100.7, ", "uplink.ntp_servers.0", "in the zone users"),
        ("site.yml", "addresses: [", "address: [", "uplink.address", "known here: up, down, addresses"),
        ("hosts.yml", "[outside]", "[a name with blanks]", "rt.conclave_outside.0", "names of its interfaces"),
        (
            "hosts.yml",
            "depot, conclave_address6",
            "depot, conclave_outside: [eth1], conclave_address6",
            "depot1.conclave_outside",
            "only a router",
        ),
        ("site.yml", "language: de", "language: de\nlevel: 3", "level", "known here: name, domain"),
        ("site.yml", "192.0.2.32/27", "192.0.2.33/27", "zones.media.0", "host bits zero"),
        ("site.yml", "192.0.2.32/27", "0.0.0.0/0", "zones.media.0", "hosts or people have addresses in"),
        ("site.yml", "192.0.2.32/27", "127.0.0.0/8", "zones.media.0", "hosts or people have addresses in"),
        ("site.yml", "192.0.2.128/27", "198.51.100.0/24", "zones.mgmt.0", "the control node's address alone"),
        ("site.yml", "192.0.2.32/27", "192.0.2.32/27, 192.0.2.32/27", "zones.media.1", "each network once"),
        ("site.yml", "[203.0.113.1]", "[127.0.0.1]", "uplink.addresses.0", "that others can reach"),
        ("site.yml", "conf.lab.example", "conf.localhost", "domain", "that name servers look up"),
        (
            "hosts.yml",
            "core1: {ansible_host: 192.0.2.66",
            "core1: {ansible_host: 192.0.2.2",
            "edge1.ansible_host",
            "core1 has",
        ),
        ("hosts.yml", "core1:", "meet:", "meet", "a name of its own"),
        ("hosts.yml", "core1:", "edge_1:", "edge_1", "a host name: small letters"),
        (
            "hosts.yml",
            "conclave_zone: core,",
            "conclave_zone: core, conclave_adress6: x,",
            "core1.conclave_adress6",
            "conclave_address6; known here",
        ),
        (
            "hosts.yml",
            "ansible_user: root",
            "conclave_zones: core",
            "all.vars.conclave_zones",
            "known here: conclave_zone",
        ),
        (
            "hosts.yml",
            "conclave_zone: core,",
            "conclave_zone: core, conclave_jump: -oProxyCommand=date,",
            "core1.conclave_jump",
            "the host that ssh goes through",
        ),
        (
            "hosts.yml",
            "conclave_zone: core,",
            'conclave_zone: core, ansible_ssh_common_args: "-o \'x",',
            "core1.ansible_ssh_common_args",
            "words for ssh",
        ),
        ("hosts.yml", "[outside]", '["a;flush"]', "rt.conclave_outside.0", "names of its interfaces"),
        (
            "hosts.yml",
            "conclave_zone: core,",
            "conclave_zone: core, conclave_public: [203.0.113.9],",
            "core1.conclave_public",
            "edge and media only",
        ),
        (
            "hosts.yml",
            "conclave_zone: media,",
            "conclave_zone: media, conclave_public: [192.0.2.9],",
            "media1.conclave_public.0",
            "zone edge",
        ),
        ("site.yml", "  mgmt:", "  other:", "zones.other", "for: users, edge"),
        ("hosts.yml", "192.0.2.98", "192.0.2.66", "core1.ansible_host", "depot1 has this one"),
        ("hosts.yml", "192.0.2.66", "192.0.2.2", "edge1.ansible_host", "core1 has this one"),
        ("hosts.yml", "192.0.2.66", "192.0.2.1", "core1.ansible_host", "a host address in 192.0.2.64/27"),
        ("hosts.yml", "192.0.2.66", "192.0.2.64", "core1.ansible_host", "a host address in"),
        ("hosts.yml", "192.0.2.66", "core.example", "core1.ansible_host", "the host's IPv4 address"),
        ("hosts.yml", '"2001:db8:1:3::2"', '"2001:db8:1:4::3"', "core1.conclave_address6", "zone core"),
        ("hosts.yml", "conclave_zone: core", "conclave_zone: nowhere", "core1.conclave_zone", "the zone the host"),
        ("hosts.yml", "    media:\n", "    sfu:\n", "sfu", "groups that are roles"),
        ("hosts.yml", "core1:", "Core_1:", "Core_1", "host name"),
        ("hosts.yml", "core1:", "012:", "core.hosts.12", "YAML reads this one as 12"),
        *(
            (
                "hosts.yml",
                "conclave_zone: core,",
                f"conclave_zone: core, {said},",
                f"core1.{said.partition(':')[0]}",
                expected,
            )
            for said, expected in VARIABLES
        ),
        *(
            ("site.yml", "[203.0.113.1]", f"[{address}]", "uplink.addresses.0", "that others can reach")
            for address in NOBODYS
        ),
        (
            "hosts.yml",
            "conclave_zone: edge,",
            "conclave_zone: edge, ansible_port: 443,",
            "edge1.ansible_port",
            "serves web",
        ),
    ],
)
def test_a_mistake_is_named_with_its_line_and_what_was_expected(
    inventory: Inventory, file: str, old: str, new: str, where: str, expected: str
) -> None:
    inventory.replace(file, old, new)
    found = {finding.where: finding for finding in inventory.findings()}
    assert where in found
    finding = found[where]
    assert finding.file == f"inventories/lab/{file}"
    assert expected in finding.expected
    line = (inventory.folder / file).read_text(encoding="utf-8").splitlines()[finding.line - 1]
    # The line it points at holds the key, or what ought to hold it.
    assert finding.value == "missing" or any(key in line for key in where.split("."))


def test_all_mistakes_are_reported_at_once(inventory: Inventory) -> None:
    inventory.replace("site.yml", "language: de", "language: fr")
    inventory.replace("site.yml", "trust: own", "trust: none")
    inventory.replace("hosts.yml", "192.0.2.66", "192.0.2.666")
    assert [(finding.file, finding.line) for finding in inventory.findings()] == [
        ("inventories/lab/hosts.yml", _line(inventory, "hosts.yml", "192.0.2.666")),
        ("inventories/lab/site.yml", 4),
        ("inventories/lab/site.yml", 6),
    ]


def _line(inventory: Inventory, file: str, text: str) -> int:
    lines = (inventory.folder / file).read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, start=1) if text in line)


def test_a_key_given_twice_is_refused(inventory: Inventory) -> None:
    inventory.replace("site.yml", "language: de", "language: de\nlanguage: en")
    (finding,) = inventory.findings()
    assert (finding.value, finding.line) == ("not YAML", 5)


def test_a_missing_file_is_a_finding(inventory: Inventory) -> None:
    (inventory.folder / "hosts.yml").unlink()
    (finding,) = inventory.findings()
    assert (finding.file, finding.value) == ("inventories/lab/hosts.yml", "missing")


def test_an_empty_file_is_a_finding(inventory: Inventory) -> None:
    (inventory.folder / "site.yml").write_text("", encoding="utf-8")
    (finding,) = inventory.findings()
    assert finding.file == "inventories/lab/site.yml"


def test_a_role_without_a_host_is_a_finding(inventory: Inventory) -> None:
    text = (inventory.folder / "hosts.yml").read_text(encoding="utf-8")
    (inventory.folder / "hosts.yml").write_text(text[: text.index("    edge:\n")], encoding="utf-8")
    assert [finding.expected for finding in inventory.findings()] == ["a host in the group edge"]


def test_loading_a_wrong_site_stops_with_its_findings(inventory: Inventory) -> None:
    inventory.replace("site.yml", "language: de", "language: fr")
    with pytest.raises(ConclaveError) as caught:
        read.load("lab")
    assert caught.value.exit_code == 2
    assert "inventories/lab/site.yml:4: language is 'fr'" in caught.value.found


def test_an_unknown_site_names_the_known_ones(inventory: Inventory) -> None:
    assert inventory.folder.is_dir()
    with pytest.raises(ConclaveError) as caught:
        read.load("nowhere")
    assert caught.value.expected == "one of: lab"


def test_a_host_name_is_as_long_as_dns_lets_it_be(inventory: Inventory) -> None:
    domain = f"{'a' * 63}.{'b' * 63}.{'c' * 63}.example"
    inventory.replace("site.yml", "conf.lab.example", domain)
    assert inventory.findings() == []
    name = "x" * 54
    inventory.replace("hosts.yml", "core1:", f"{name}:")
    (finding,) = inventory.findings()
    assert (finding.where, finding.expected) == (
        name,
        "a name of at most 53 characters: with the domain, DNS carries 253",
    )


@pytest.mark.parametrize(
    ("typed", "read_as"),
    [
        ("CONF.Lab.Example", "conf.lab.example"),
        ("conf.lab.example.", "conf.lab.example"),
        ("konferenz.müller.example", "konferenz.xn--mller-kva.example"),
        ("Straße.example", "xn--strae-oqa.example"),
        ("xn--mller-kva.example", "xn--mller-kva.example"),
    ],
)
def test_a_domain_is_taken_as_people_write_it(inventory: Inventory, typed: str, read_as: str) -> None:
    inventory.replace("site.yml", "conf.lab.example", typed)
    assert inventory.findings() == []
    assert read.load("lab").domain == read_as


@pytest.mark.parametrize("domain", ["xn--zzzzzz.example", "a..example", "-a.example", "conf.onion", "1.in-addr.arpa"])
def test_a_domain_that_is_none_is_refused(inventory: Inventory, domain: str) -> None:
    inventory.replace("site.yml", "conf.lab.example", domain)
    assert [finding.where for finding in inventory.findings()] == ["domain"]


@pytest.mark.parametrize("network", ["240.0.0.0/4", '"::ffff:0:0/96"', "127.0.0.0/8", "169.254.0.0/16", '"ff00::/8"'])
def test_a_network_in_which_nobody_has_an_address_is_refused(inventory: Inventory, network: str) -> None:
    inventory.replace("site.yml", "users: [198.51.100.0/24", f"users: [{network}")
    assert "zones.users.0" in [finding.where for finding in inventory.findings()]


@pytest.mark.parametrize(
    "file",
    ["group_vars/all.yml", "group_vars/all/mine", "host_vars/core1", "host_vars/core1.json", "group_vars/core/x.yaml"],
)
def test_variables_that_ansible_alone_would_follow_are_found_in_every_file_that_it_reads(
    inventory: Inventory, file: str
) -> None:
    (inventory.root / "playbooks").symlink_to(ROOT / "playbooks")
    path = inventory.folder / file
    path.parent.mkdir(parents=True)
    variables = ["ansible_port", "ansible_ssh_port", "conclave_zone", "livekit_tls_port"]
    path.write_text(json.dumps(dict.fromkeys(variables, 2222), indent=0), encoding="utf-8")
    found = inventory.findings()
    assert {finding.file for finding in found} == {f"inventories/lab/{file}"}
    assert [finding.where for finding in found] == variables


def test_a_variable_that_the_product_gives_a_value_is_refused_in_hosts_yml_too(inventory: Inventory) -> None:
    (inventory.root / "playbooks").symlink_to(ROOT / "playbooks")
    inventory.replace("hosts.yml", "conclave_zone: edge,", "conclave_zone: edge, edge_port: 8443,")
    (finding,) = inventory.findings()
    assert (finding.where, finding.expected) == ("edge1.edge_port", overrides.DERIVED)


def test_variables_of_the_operators_own_are_nobodys_business(inventory: Inventory) -> None:
    more = "conclave_zone: core, ansible_python_interpreter: /usr/bin/python3, ansible_connection: ssh, rack: 7,"
    inventory.replace("hosts.yml", "conclave_zone: core,", more)
    assert inventory.findings() == []
