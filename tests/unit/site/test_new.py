"""`conclave site new` writes two files that are right, or nothing."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from conclave.cli import build
from conclave.errors import ConclaveError
from conclave.remote import Login
from conclave.site import model, read
from conclave.site import new as making

if TYPE_CHECKING:
    from .conftest import Inventory

ANSWERS = [
    "--domain=conf.example.org",
    "--language=en",
    "--contact=it@example.org",
    "--trust=own",
    "--uplink-up=10",
    "--uplink-down=20",
    "--zone=users=10.1.0.0/16",
    "--zone=edge=10.2.0.0/28,2001:db8:9::/64",
    "--zone=mgmt=10.3.0.0/24",
]
BOX = "--host=box:depot,core,media,edge:10.2.0.2,2001:db8:9::2"


def call(*words: str) -> str:
    result = CliRunner().invoke(build(("site",)), ["site", *words], catch_exceptions=False)
    return result.stdout


def test_a_site_from_flags_is_right_and_shows_what_was_said(inventory: Inventory) -> None:
    assert inventory.folder.is_dir()
    call("new", "town", *ANSWERS, BOX)
    assert read.check("town").findings == []
    shown = json.loads(call("show", "town", "--json"))
    assert shown["domain"] == "conf.example.org"
    assert shown["hosts"][0]["conclave_zone"] == "edge"
    assert shown["hosts"][0]["conclave_address6"] == "2001:db8:9::2"
    assert shown["hosts"][0]["roles"] == ["core", "depot", "edge", "media"]


def test_a_domain_in_another_alphabet_is_shown_as_people_write_it(inventory: Inventory) -> None:
    inventory.replace("site.yml", "conf.lab.example", "Konferenz.Müller.example")
    first = call("show", "lab").splitlines()[0]
    assert first == "lab: https://meet.konferenz.xn--mller-kva.example (meet.konferenz.müller.example)"


def test_what_lies_outside_is_written_when_it_is_said(inventory: Inventory) -> None:
    assert inventory.folder.is_dir()
    beyond = ["--uplink-address=203.0.113.1", "--uplink-address=2001:db8:2::1", "--uplink-ntp-server=203.0.113.123"]
    call("new", "town", *ANSWERS, *beyond, BOX)
    uplink = read.load("town").answers.uplink
    assert [str(address) for address in uplink.addresses] == ["203.0.113.1", "2001:db8:2::1"]
    assert [str(address) for address in uplink.ntp_servers] == ["203.0.113.123"]
    assert uplink.resolvers == []


def test_several_hosts_find_their_zones(inventory: Inventory) -> None:
    hosts = [f"--host={role}1:{role}:10.2.0.{number}" for number, role in enumerate(("depot", "core", "media"), 2)]
    call("new", "town", *ANSWERS, *hosts, "--host=edge1:edge:10.3.0.9")
    assert {host.name: host.conclave_zone for host in read.load("town").hosts} == {
        "depot1": "edge",
        "core1": "edge",
        "media1": "edge",
        "edge1": "mgmt",
    }
    assert inventory.folder.is_dir()


def test_an_existing_site_is_not_overwritten(inventory: Inventory) -> None:
    before = (inventory.folder / "site.yml").read_bytes()
    with pytest.raises(ConclaveError, match="already exists"):
        call("new", "lab", *ANSWERS, BOX)
    assert (inventory.folder / "site.yml").read_bytes() == before


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("--language=fr", "language is 'fr'"),
        ("--domain=x", "domain is 'x'"),
        ("--host=box2:edge:10.9.9.9", "in no zone"),
        ("--host=box2", "cannot be read"),
        ("--host=box2:depot:10.2.0.3", "one host in the group depot"),
        ("--uplink-address=10.2.0.2", "this one is in the zone edge"),
        ("--uplink-ntp-server=time.example.org", "time servers"),
        ("--zone=nowhere=10.0.0.0/8", "cannot be read"),
    ],
)
def test_a_wrong_answer_writes_nothing(inventory: Inventory, wrong: str, message: str) -> None:
    with pytest.raises(ConclaveError) as caught:
        call("new", "town", *ANSWERS, BOX, wrong)
    assert message in f"{caught.value.found} {caught.value.expected}"
    assert sorted(path.name for path in (inventory.root / "inventories").iterdir()) == ["lab"]


def test_without_a_terminal_the_missing_flags_are_named(inventory: Inventory) -> None:
    assert inventory.folder.is_dir()
    with pytest.raises(ConclaveError, match="missing: --contact"):
        call("new", "town", *(answer for answer in ANSWERS if "contact" not in answer), BOX)


@pytest.mark.parametrize(("user", "become"), [("root", False), ("ops", True)])
def test_a_host_says_how_it_is_reached_and_what_makes_commands_roots(user: str, become: bool) -> None:
    host = model.Host.model_validate(
        {"name": "one", "ansible_host": "192.0.2.2", "conclave_zone": "edge", "roles": ["edge"], "ansible_user": user}
    )
    assert host.login == Login("one", "192.0.2.2", 22, user, become)
    assert host.login.arguments == ("-p", "22", "-l", user, "192.0.2.2")


def test_a_host_behind_another_one_is_reached_through_it() -> None:
    given = {
        "name": "one",
        "ansible_host": "192.0.2.2",
        "conclave_zone": "edge",
        "roles": ["edge"],
        "ansible_port": 2222,
    }
    more = {"conclave_jump": "ops@jump.example.org:2200", "ansible_ssh_common_args": "-o 'IdentityFile=~/a b'"}
    login = model.Host.model_validate({**given, **more}).login
    words = ("-o", "IdentityFile=~/a b", "-J", "ops@jump.example.org:2200")
    assert login.arguments == (*words, "-p", "2222", "-l", "root", "192.0.2.2")


WRONG_FIRST = """\
localhost
conf.example.org
fr
en
nobody
it@example.org
mine
own
zehn
10
0
20
10.1.0.1/16
10.1.0.0/16
127.0.0.0/8
10.2.0.0/28



10.1.0.0/16
10.3.0.0/24
y
10.9.9.9
core
10.2.0.2
"""


def test_at_a_terminal_each_answer_is_checked_when_it_is_given(inventory: Inventory) -> None:
    said = typed(inventory, "town", WRONG_FIRST)
    refused = re.findall(r"'([^']*)' does not do\. Expected: (\S+ \S+ \S+)", said)
    assert refused == [
        ("localhost", "a DNS domain"),
        ("fr", "de or en:"),
        ("nobody", "the mail address"),
        ("mine", "own (the site"),
        ("zehn", "Mbit/s out of"),
        ("0", "Mbit/s into the"),
        ("10.1.0.1/16", "networks such as"),
        ("127.0.0.0/8", "a network that"),
        ("10.1.0.0/16", "other networks than"),
        ("10.9.9.9", "an address in"),
        ("core", "an address such"),
    ]
    answers = read.load("town").answers
    assert (answers.domain, answers.uplink.up, answers.uplink.down) == ("conf.example.org", 10, 20)


def test_a_name_that_is_taken_is_said_before_anything_is_asked(inventory: Inventory) -> None:
    said = typed(inventory, "lab", "")
    assert "already exists" in said
    assert "Domain of the site" not in said


def typed(inventory: Inventory, name: str, answers: str) -> str:
    """Give answers at a terminal; return what the command says."""
    ours, theirs = os.openpty()
    environment = {**os.environ, "CONCLAVE_HOME": str(inventory.root)}
    try:
        os.write(ours, answers.encode())
        command = [sys.executable, "-c", "from conclave.cli import main; main()", "site", "new", name]
        done = subprocess.run(
            command, stdin=theirs, env=environment, stderr=subprocess.PIPE, text=True, check=False, timeout=120
        )
    finally:
        os.close(ours)
        os.close(theirs)
    return done.stderr


def test_the_command_of_all_answers_writes_the_same_site(inventory: Inventory) -> None:
    assert inventory.folder.is_dir()
    beyond = {"addresses": ["203.0.113.1"], "resolvers": ["203.0.113.53"]}
    zones = {"users": ["10.1.0.0/16"], "edge": ["10.2.0.0/28", "2001:db8:9::/64"], "mgmt": ["10.3.0.0/24"]}
    box = making.NewHost("box", ["depot", "core", "media", "edge"], "10.2.0.2", "2001:db8:9::2")
    site = making.NewSite(
        "town", "conf.example.org", "en", "it@example.org", "own", 10, 20, zones, [box], "ops", beyond
    )
    written = {file.name: file.read_bytes() for file in making.write(site).iterdir()}
    shutil.rmtree(inventory.root / "inventories" / "town")
    call(*shlex.split(making.command(site))[2:])
    again = (inventory.root / "inventories" / "town").iterdir()
    assert {file.name: file.read_bytes() for file in again} == written
