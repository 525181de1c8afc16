"""How long a site takes from the command until it is isolated, and what a running call notices of it."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import threading
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
site = Site(answers=Answers(**wanted["answers"]), hosts=tuple(Host(**host) for host in wanted["hosts"]))
report = switch(site, Order(wanted["mode"], "bench", "measured"))
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
PREPARE = "conclave-mode begin && systemctl daemon-reload && systemctl enable --quiet --now conclave-firewall && /usr/lib/conclave/firewall-guard confirm"


def measure(options: measuring.Options) -> str:
    """Switch labs of several sizes back and forth, then hold a call over a switch."""
    rows = ["| hosts | command to switched | to verified | over open connections | locally on all hosts | ratio |"]
    rows.append("| --- | --- | --- | --- | --- | --- |")
    for size in SIZES:
        measuring.say(f"crisis: {size} hosts")
        rows.append(_size(size, options.rounds))
    return "\n".join(["Seconds, median.", "", *rows, "", _call()])


def _size(size: int, rounds: int) -> str:
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
    ratio = middle["open"] / middle["local"]
    cells = [f"{middle[key]:.2f}" for key in ("switched", "verified", "open", "local")]
    return f"| {size} | {' | '.join(cells)} | {ratio:.2f} |"


def _round(lab: Lab, hosts: list[str]) -> dict[str, float]:
    """Measure one switch by the command and one by every host itself, each from open to isolated."""
    wanted = _site(lab)
    argv = lab.command("control", [sys.executable, "-c", SWITCH, json.dumps({**wanted, "mode": "isolated"})])
    began = time.monotonic()
    seconds = json.loads(measuring.run(*argv, environment=lab.environment()))
    whole = time.monotonic() - began
    # Until the switch was done: the start of the program counts, its end does not.
    start = whole - seconds["verified"]
    _locally(lab, hosts, "open")
    local = _locally(lab, hosts, "isolated")
    _locally(lab, hosts, "open")
    return {
        "switched": start + seconds["switched"],
        "verified": start + seconds["verified"],
        "open": seconds["switched"] - seconds["told"],
        "local": local,
    }


def _locally(lab: Lab, hosts: list[str], mode: str) -> float:
    commands = [lab.command(host, ["conclave-mode", mode]) for host in hosts]
    began = time.monotonic()
    with ThreadPoolExecutor(len(hosts)) as pool:
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
        {"name": host.name, "ansible_host": str(host.address), "conclave_zone": host.zone, "roles": ["core"]}
        for host in lab.definition.hosts
    ]
    return {"answers": answers, "hosts": hosts}


def _stage(lab: Lab, hosts: list[str]) -> None:
    """Give every host the files of the site's core host: what a switch needs is the same on all."""
    sys.path.insert(0, str(measuring.ROOT))
    from tests.render.rendering import render  # noqa: PLC0415 - stands with the tests

    placed = render("mode", "core1") | render("firewall", "core1")
    files = {path: (item["mode"], item["content"]) for path, item in placed.items() if item["state"] == "file"}
    for host in hosts:
        measuring.run(*lab.command(host, ["python3", "-c", UNPACK]), stdin=json.dumps(files))
        measuring.run(*lab.command(host, ["sh", "-c", PREPARE]))


def _call() -> str:
    """Hold a call at the deployed lab, inside and outside, and isolate the site in the middle of it."""
    measuring.deployed()
    place = ["--site", measuring.SITE, "--lab", measuring.LAB]
    argv = ["conclave", "call", *place, "--participants", "3", "--outside", "2", "--seconds", "20", "--json"]
    started = subprocess.Popen(argv, cwd=measuring.ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    # In the middle of the measured time: the call takes a while to begin.
    threading.Event().wait(14)
    words = [measuring.SITE, "--lab", measuring.LAB, "--reason", "measured"]
    try:
        report = json.loads(measuring.conclave("crisis", "on", *words, "--no-proof", "--json"))
        said, _ = started.communicate(timeout=120)
    finally:
        measuring.conclave("crisis", "off", *words)
    result = json.loads(said)
    inside = [one for one in result["participants"] if one["zone"] == "users"]
    names = {one["name"] for one in inside}
    heard = [row for one in inside for row in one["receives"] if row["sender"] in names]
    lost = sum(row["frames_missing"] or 0 for row in heard)
    sent = sum(row["frames_sent"] or 0 for row in heard)
    gap = max((row["sound_gap_ms"] for row in heard), default=0)
    return (
        f"A call of {len(inside)} inside and {len(result['participants']) - len(inside)} outside over the switch "
        f"(switched {report['seconds']['switched']:.2f} s after the command): {lost} of {sent} frames lost among "
        f"those inside, longest silence {gap} ms, those outside gone."
    )
