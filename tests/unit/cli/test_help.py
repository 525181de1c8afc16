"""Help and completion load every command, but not what the commands do their work with."""

from __future__ import annotations

import subprocess
import sys

# Each costs more than all the commands' own modules together.
HEAVY = ("asyncio", "ssl", "importlib.metadata", "pydantic", "yaml", "httpx", "conclave.planning", "conclave.site")


def test_the_whole_command_line_is_built_without_what_its_commands_work_with() -> None:
    program = (
        "import conclave.cli, sys; conclave.cli.build()\n"
        f"print(*(name for name in {HEAVY!r} if name in sys.modules), sep='\\n', end='')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == ""
