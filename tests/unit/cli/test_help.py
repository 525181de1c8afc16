"""Help and completion load every command, but not what the commands do their work with."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from conclave.cli import MODULES, build

# Each costs more than all the commands' own modules together.
HEAVY = (
    "asyncio",
    "ssl",
    "importlib.metadata",
    "pydantic",
    "ruamel.yaml",
    "yaml",
    "httpx",
    "paramiko",
    "cryptography",
    "rich",
    "conclave.catalog",
    "conclave.planning",
    "conclave.site",
)
# In a pipe: at a terminal, help has frames and colours.
PROGRAM = """
import sys, conclave.cli
sys.argv[0] = "conclave"
try:
    conclave.cli.main()
except SystemExit:
    print(*(name for name in {heavy!r} if name in sys.modules), file=sys.stderr)
"""


@pytest.mark.parametrize(
    ("words", "needed"),
    [
        (["--help"], []),
        (["--version"], ["importlib.metadata"]),
        # typer asks pydantic what the options of one command take.
        (["crisis", "on", "--help"], ["importlib.metadata", "pydantic"]),
    ],
    ids=str,
)
def test_help_is_said_without_what_commands_work_with(words: list[str], needed: list[str]) -> None:
    program = PROGRAM.format(heavy=HEAVY)
    done = subprocess.run([sys.executable, "-c", program, *words], capture_output=True, text=True, check=True)
    assert done.stdout
    assert done.stderr.split() == needed


def test_help_in_a_pipe_cuts_no_sentence_short() -> None:
    for name in ("", *MODULES):
        line = build((name,) if name else MODULES)
        shown = CliRunner().invoke(line, [name, "--help"] if name else ["--help"]).stdout
        assert not re.search(r"\w\.\.\.$", shown, re.MULTILINE), name
