"""How long a site takes from the command until it is isolated, and what a running call notices of it."""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import measuring
import yaml

from conclave.lab import Lab

TITLE = "Crisis switch"
SIZES = (2, 4, 8, 16)
NAME = "bench-crisis"
# Runs in the lab's control namespace: the switch itself, without proof, over connections made for it.
SWITCH = """
import json, sys
from pathlib import Path
from conclave.crisis import Order, switch
from conclave.site.model import Answers, Host, Site
wanted = json.loads(sys.argv[1])
site = Site(answers=Answers(**wanted["answers"]), hosts=tuple(Host(**host) for host in wanted["hosts"]), folder=Path())
report = switch(site, Order("isolated", "bench", "measured"))
assert report.done, report.lacking()
print(json.dumps(report.seconds))
"""
UNPACK = """
import json, pathlib, sys
for path, (mode, content) in json.load(sys.stdin).items():
    file = pathlib.Path("/", path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content)
    file.chmod(int(mode, 8))
"""
PREPARE = (
    "conclave-mode begin && systemctl daemon-reload && systemctl enable --quiet --now conclave-firewall"
    " && /usr/lib/conclave/firewall-guard confirm"
)
HEADING = (
    "| hosts | connect and check | switch, over open connections | the same on the hosts themselves | ratio "
    "| command to switched | command to verified |\n| --- | --- | --- | --- | --- | --- | --- |"
)
ABOUT = (
    "Seconds, median. The hosts have the rules of the lab's core host and share this machine's processors, so all "
    "times grow with their number; what the control node adds is the ratio (goal: 1.1). From the command on includes "
    "the start of the program. Goal: 2 s in all."
)


def measure(options: measuring.Options) -> str:
    """Switch labs of several sizes back and forth, then hold a call over a switch.

    The variable CONCLAVE_BENCH_LAB names a deployed lab for the call; without it one is deployed.
    """
    rows = [_size(size, options.rounds) for size in SIZES]
    return "\n\n".join([ABOUT, "\n".join([HEADING, *rows]), call()])


def _size(size: int, rounds: int) -> str:
    measuring.say(f"crisis: {size} hosts")
    with tempfile.TemporaryDirectory() as folder:
        lab = Lab(NAME, _definition(Path(folder), size))
        lab.down()
        try:
            lab.up()
            hosts = [host.name for host in lab.definition.hosts]
            _stage(lab, hosts)
            found = [_round(lab, hosts) for _ in range(rounds + 2)]
        finally:
            lab.down()
    middle = {key: statistics.median(one[key] for one in found) for key in found[0]}
    ratio = statistics.median(one["open"] / one["local"] for one in found)
    return (
        f"| {size} | {middle['prepared']:.2f} | {middle['open']:.2f} | {middle['local']:.2f} | {ratio:.2f} "
        f"| {middle['switched']:.2f} | {middle['verified']:.2f} |"
    )


def _round(lab: Lab, hosts: list[str]) -> dict[str, float]:
    """Measure one switch by the command and one by every host itself, each from open to isolated."""
    argv = lab.command("control", [sys.executable, "-c", SWITCH, json.dumps(_site(lab))])
    began = time.monotonic()
    seconds = json.loads(measuring.run(*argv, environment=lab.environment()))
    # The start of the program counts; that it ends does not matter to anybody, and is little.
    start = time.monotonic() - began - seconds["verified"]
    _locally(lab, hosts, "open")
    local = _locally(lab, hosts, "isolated")
    _locally(lab, hosts, "open")
    return {
        "prepared": seconds["prepared"],
        "open": seconds["switched"] - seconds["told"],
        "local": local,
        "switched": start + seconds["switched"],
        "verified": start + seconds["verified"],
    }


def _locally(lab: Lab, hosts: list[str], mode: str) -> float:
    words = ["conclave-mode", mode, "--actor", "bench", "--reason", "measured", "--json"]
    commands = [lab.command(host, words) for host in hosts]
    with ThreadPoolExecutor(len(hosts)) as pool:
        began = time.monotonic()
        list(pool.map(lambda command: measuring.run(*command), commands))
        return time.monotonic() - began


def _definition(folder: Path, size: int) -> Path:
    """Write the lab of the site with more hosts in its core zone, and no router of its own."""
    inventory = measuring.ROOT / "inventories" / measuring.SITE
    content = yaml.safe_load((inventory / "lab.yml").read_text(encoding="utf-8"))
    content["router"] = "lab"
    hosts = {
        f"core{number}": {"ansible_host": f"192.0.2.{65 + number}", "conclave_zone": "core"}
        for number in range(1, size + 1)
    }
    place = folder / "crisis"
    place.mkdir()
    (place / "lab.yml").write_text(yaml.safe_dump(content), encoding="utf-8")
    (place / "hosts.yml").write_text(yaml.safe_dump({"all": {"hosts": hosts}}), encoding="utf-8")
    (place / "site.yml").write_text((inventory / "site.yml").read_text(encoding="utf-8"), encoding="utf-8")
    return place


def _site(lab: Lab) -> dict[str, Any]:
    answers = yaml.safe_load((lab.definition.folder / "site.yml").read_text(encoding="utf-8"))
    hosts = [
        {
            "name": host.name,
            "ansible_host": str(host.ansible_host),
            "conclave_zone": host.conclave_zone,
            "roles": ["core"],
        }
        for host in lab.definition.hosts
    ]
    return {"answers": answers, "hosts": hosts}


def _stage(lab: Lab, hosts: list[str]) -> None:
    """Give every host the files of the site's core host: what a switch needs is the same on all."""
    sys.path.insert(0, str(measuring.ROOT))
    from tests.render.rendering import render  # noqa: PLC0415 - the same

    from tests import host_package  # noqa: PLC0415 - stands with the tests

    placed = render("mode", "core1") | render("firewall", "core1")
    files = {path: (item["mode"], item["content"]) for path, item in placed.items() if item["state"] == "file"}
    for host in hosts:
        measuring.run(*lab.command(host, ["python3", "-c", UNPACK]), stdin=json.dumps(files))
        host_package.place(lambda argv, host=host: lab.command(host, argv))
        measuring.run(*lab.command(host, ["sh", "-c", PREPARE]))


def call() -> str:
    """Hold a call at the deployed lab, inside and outside, and isolate the site in the middle of it."""
    name = os.environ.get("CONCLAVE_BENCH_LAB", measuring.LAB)
    if name == measuring.LAB:
        measuring.deployed()
    program = [sys.executable, "-m", "tests.site.crisis.over_switch"]
    said = json.loads(measuring.conclave("lab", "exec", "--name", name, "--", *program))
    rows = [f"| {what} | {value} |" for what, value in said.items() if what not in {"done", "outside"}]
    about = (
        "A call of two inside and one outside over the switch of all five hosts, video 320x176 at 15 frames a "
        "second; the sum over those inside, and their worst."
    )
    return "\n".join([about, "", "| what | |", "| --- | --- |", *rows])
