"""What isolated means on the lab's hosts: the reviewed text, and what the kernel makes of it.

After a wanted change, ``CONCLAVE_GOLDEN=write pytest tests/render/test_cut.py``, then read the difference.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from tests.render.rendering import render
from tests.sites import HOSTS

GOLDEN = Path(__file__).parent / "golden"
CUT = "etc/conclave/mode/cut.nft"
RULES = "etc/conclave/firewall/conclave.nft"


def sealed_set(host: str) -> str:
    program = render("mode", host)["usr/sbin/conclave-mode"]["content"]
    return program.split("<<'RULES_OF_THE_SEALED'\n")[1].split("RULES_OF_THE_SEALED\n")[0]


def load(*texts: str) -> subprocess.CompletedProcess[str]:
    """Load texts one after the other in a network of their own and list what is there then."""
    script = 'for text; do printf "%s" "$text" | nft -f - || exit 1; done; nft list ruleset'
    argv = ["unshare", "--map-root-user", "--net", "sh", "-c", script, "sh", *texts]
    return subprocess.run(argv, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("kind", ["cut", "sealed"])
def test_the_text_is_the_one_that_was_reviewed(host: str, kind: str) -> None:
    text = sealed_set(host) if kind == "sealed" else render("mode", host)[CUT]["content"].rpartition("# sha256 ")[0]
    reviewed = GOLDEN / f"{host}-{kind}.nft"
    if os.environ.get("CONCLAVE_GOLDEN") == "write":
        reviewed.write_text(text)
    assert text == reviewed.read_text()


@pytest.mark.parametrize("host", HOSTS)
def test_the_kernel_takes_it_beside_the_rules_twice_and_in_any_order(host: str) -> None:
    rules, cut = render("firewall", host)[RULES]["content"], render("mode", host)[CUT]["content"]
    for texts in ((rules, cut, cut), (cut, rules, rules), (rules, sealed_set(host), cut), (sealed_set(host),)):
        done = load(*texts)
        assert done.returncode == 0, done.stderr
        assert done.stdout.count("table inet conclave_cut {") == 1


def test_the_program_is_one_that_shellcheck_takes(tmp_path: Path) -> None:
    program = tmp_path / "conclave-mode"
    program.write_text(render("mode", "rt")["usr/sbin/conclave-mode"]["content"])
    done = subprocess.run(["shellcheck", str(program)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
