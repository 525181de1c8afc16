"""Rule sets of the lab's hosts: the reviewed text, and nft's own opinion of it.

After a wanted change of the catalogue or the rules, ``CONCLAVE_GOLDEN=write pytest tests/render/test_firewall.py``,
then read the difference.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from tests.render.rendering import render
from tests.sites import HOSTS

GOLDEN = Path(__file__).parent / "golden"
RULES = "etc/conclave/firewall/conclave.nft"


@pytest.mark.parametrize("host", HOSTS)
def test_the_rule_set_is_the_one_that_was_reviewed(host: str) -> None:
    # The last line is the hash of those above it.
    text = render("firewall", host)[RULES]["content"].rpartition("# sha256 ")[0]
    reviewed = GOLDEN / f"{host}.nft"
    if os.environ.get("CONCLAVE_GOLDEN") == "write":
        reviewed.write_text(text)
    assert text == reviewed.read_text()


@pytest.mark.parametrize("host", HOSTS)
def test_nft_loads_the_rule_set_twice(host: str, tmp_path: Path) -> None:
    rules = tmp_path / "rules.nft"
    rules.write_text(render("firewall", host)[RULES]["content"])
    script = f"nft -c -f {rules} && nft -f {rules} && nft -f {rules} && nft list table inet conclave"
    done = subprocess.run(["unshare", "-r", "-n", "sh", "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    # What does not come from the catalogue does not come in.
    assert done.stdout.count("policy drop") == 3


def test_the_unit_never_takes_the_rules_away() -> None:
    files = render("firewall", "core1")
    unit = files["etc/systemd/system/conclave-firewall.service"]["content"]
    settings = [line for line in unit.splitlines() if not line.startswith("#")]
    assert not [line for line in settings if line.startswith("ExecStop") or "shutdown.target" in line]
    assert "Before=network-pre.target" in settings
    assert files["etc/systemd/system/nftables.service"]["target"] == "/dev/null"
