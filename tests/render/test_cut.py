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
RULES = "etc/conclave/firewall/conclave.nft"


def load(*texts: str) -> subprocess.CompletedProcess[str]:
    """Load texts one after the other in a network of their own and list what is there then."""
    script = 'for text; do printf "%s" "$text" | nft -f - || exit 1; done; nft list ruleset'
    argv = ["unshare", "--map-root-user", "--net", "sh", "-c", script, "sh", *texts]
    return subprocess.run(argv, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("kind", ["cut", "sealed"])
def test_the_text_is_the_one_that_was_reviewed(host: str, kind: str) -> None:
    text = render("mode", host)[f"etc/conclave/mode/{kind}.nft"]["content"].rpartition("# sha256 ")[0]
    reviewed = GOLDEN / f"{host}-{kind}.nft"
    if os.environ.get("CONCLAVE_GOLDEN") == "write":
        reviewed.write_text(text)
    assert text == reviewed.read_text()


@pytest.mark.parametrize("host", HOSTS)
def test_the_kernel_takes_it_beside_the_rules_twice_and_in_any_order(host: str) -> None:
    rules = render("firewall", host)[RULES]["content"]
    cut, sealed = (render("mode", host)[f"etc/conclave/mode/{kind}.nft"]["content"] for kind in ("cut", "sealed"))
    for texts in ((rules, cut, cut), (cut, rules, rules), (rules, sealed, cut), (sealed,)):
        done = load(*texts)
        assert done.returncode == 0, done.stderr
        assert done.stdout.count("table inet conclave_cut {") == 1
