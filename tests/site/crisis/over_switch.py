"""Hold a call of people inside and outside, and isolate the site in the middle of it: run in the control namespace.

Prints one line of JSON: what the call says, what the switch says, and what left the site afterwards.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

from conclave.call.session import Plan
from conclave.call.site import hold_at_site

SITE = "lab"
SECONDS = 12
WAYS = ("udp4", "udp6", "tcp4")
INSIDE = 3
BEFORE = 4


async def switch() -> dict[str, object]:
    """Isolate with the operator's own command, a while after the measuring has begun."""
    await asyncio.sleep(BEFORE)
    command = [str(Path(sys.executable).with_name("conclave")), "crisis", "on", SITE]
    words = ["--lab", os.environ["CONCLAVE_LAB"], "--reason", "a call goes on", "--no-proof", "--json"]
    process = await asyncio.create_subprocess_exec(*command, *words, stdout=asyncio.subprocess.PIPE)
    said, _ = await process.communicate()
    answer: dict[str, object] = json.loads(said)
    return answer


async def main() -> None:
    """Hold the call and print what came of it."""
    report: dict[str, object] = {}

    async def during() -> None:
        report.update(await switch())

    plan = Plan(site=SITE, participants=INSIDE, outside=WAYS, seconds=SECONDS, media_seconds=90, join_seconds=90)
    result = await hold_at_site(plan, during=during)
    sys.stdout.write(json.dumps({"call": result.model_dump(mode="json"), "switch": report}) + "\n")


asyncio.run(main())
