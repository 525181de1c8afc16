"""How long a bundle takes: with an empty cache (``--cold``), with nothing changed, and to check."""

from __future__ import annotations

import tempfile

import measuring

TITLE = "Bundle"


def measure(options: measuring.Options) -> str:
    """Build and check the bundle."""
    rows = []
    if options.cold:
        measuring.say("build a bundle with an empty cache")
        with tempfile.TemporaryDirectory(prefix="conclave-bench-") as folder:
            # The package managers' own caches move with it: this is what a new machine does.
            cold = measuring.timed(
                "conclave", "bundle", "build", "--out", f"{folder}/bundle", environment={"XDG_CACHE_HOME": folder}
            )
        rows.append(("empty cache", f"{cold:.0f}", "downloads included: the network's part"))
    measuring.say("build the bundle with nothing changed")
    first = measuring.timed("conclave", "bundle", "build")
    warm = measuring.timed("conclave", "bundle", "build")
    verify = measuring.timed("conclave", "bundle", "verify")
    size = sum(file.stat().st_size for file in measuring.BUNDLE.rglob("*") if file.is_file()) / 1e6
    if first > 2 * warm:
        rows.append(("what had changed since the last build", f"{first:.0f}", ""))
    rows += [
        ("nothing changed", f"{warm:.0f}", "signed and checked anew"),
        ("`conclave bundle verify`", f"{verify:.1f}", f"{size:.0f} MB"),
    ]
    return measuring.table(rows)
