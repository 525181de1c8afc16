"""Runs a playbook through ansible-runner and leaves nothing of it behind but our own log."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible_runner.config.runner import RunnerConfig
from ansible_runner.runner import Runner

from conclave import paths
from conclave.site import vault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

# What Ansible and ssh need of our environment. ansible-runner writes the whole of it to a file, so the rest stays out.
_KEPT = {"HOME", "LANG", "LOGNAME", "PATH", "SSH_AUTH_SOCK", "TERM", "TMPDIR", "TZ", "USER", "VIRTUAL_ENV"}
_KEPT_PREFIXES = ("ANSIBLE_", "CONCLAVE_", "LC_", "XDG_", "SSL_CERT_", "PYTHON")


@dataclass(frozen=True)
class Run:
    """What to run: the arguments of one ``ansible-playbook`` call."""

    site: str
    playbook: str
    check: bool = False
    diff: bool = False
    limit: str = ""
    tags: str = ""
    variables: dict[str, str] = field(default_factory=dict)
    # Further variables of its environment.
    environment: dict[str, str] = field(default_factory=dict)

    def command(self, file: Path | None = None) -> list[str]:
        """Return the call, as an operator would type it in the project's folder.

        Parameters
        ----------
        file:
            Where the variables stand, if there are any: see `variables_file`.
        """
        words = ["-i", f"inventories/{self.site}", f"playbooks/{self.playbook}"]
        words += ["--check"] if self.check else []
        words += ["--diff"] if self.diff else []
        words += ["--limit", self.limit] if self.limit else []
        words += ["--tags", self.tags] if self.tags else []
        words += ["--extra-vars", f"@{file}"] if file else []
        return ["ansible-playbook", *words]


def variables_file(variables: Mapping[str, str]) -> str:
    """Return a file for ``--extra-vars`` that gives each variable its value letter for letter.

    On the command line a value would be split at blanks and shown to every process; without ``!unsafe`` braces in it
    would be evaluated as a template. The tag stands at the whole: at a text it would make a number of "010".
    """
    return "--- !unsafe\n" + "".join(f"{name}: {_quoted(value)}\n" for name, value in variables.items())


def _quoted(value: str) -> str:
    """Return a text in YAML's double quotes; everything but plain letters as its code point (YAML 1.2, 5.7)."""
    return '"' + "".join(one if one.isascii() and one.isalnum() else f"\\U{ord(one):08x}" for one in value) + '"'


def run(what: Run, on_event: Callable[[dict[str, Any]], None], folder: Path) -> tuple[str, int]:
    """Run a playbook; return ansible-runner's status and the exit status of ``ansible-playbook``.

    Parameters
    ----------
    what:
        The playbook and its arguments.
    on_event:
        Called with each event as it happens.
    folder:
        The site's own folder of run-time state.
    """
    ended = False

    def cancel() -> bool:
        return ended

    def end(_signal: int, _frame: object) -> None:
        nonlocal ended
        ended = True

    def handle(event: dict[str, Any]) -> bool:
        on_event(event)
        return False  # do not keep the event in a file: it holds results and diffs

    with _private(folder) as private, _signals(end):
        config = RunnerConfig(
            private_data_dir=str(private),
            project_dir=str(paths.project_root()),
            playbook=what.playbook,
            inventory=what.site,
            quiet=True,
            suppress_ansible_output=True,
            suppress_env_files=True,
        )
        config.prepare()
        # prepare() forgets the parameter of this name.
        config.suppress_output_file = True
        # If we are killed, Ansible must not go on behind the back of the next deploy.
        file = private / "variables.yml" if what.variables else None
        if file:
            file.write_text(variables_file(what.variables), encoding="ascii")
        program, *arguments = what.command(file)
        config.command = ["setpriv", "--pdeathsig", "TERM", vault.tool(program), *arguments]
        config.env = {**_environment(what.site, config.env), **what.environment}
        runner = Runner(config=config, event_handler=handle, cancel_callback=cancel)
        status, code = runner.run()
    return str(status), int(code)


def _environment(site: str, prepared: dict[str, str]) -> dict[str, str]:
    kept = {
        name: value
        for name, value in prepared.items()
        if name in _KEPT or name.startswith(_KEPT_PREFIXES) or name not in os.environ
    }
    path = f"{Path(vault.tool('ansible-playbook')).parent}{os.pathsep}{kept.get('PATH', os.defpath)}"
    root = paths.project_root()
    # ansible-runner's own callback hides the ones that ansible.cfg names.
    callbacks = f"{kept.get('ANSIBLE_CALLBACK_PLUGINS', '')}{os.pathsep}{root / 'plugins' / 'callback'}"
    return {
        **kept,
        **vault.environment(site),
        "PATH": path,
        "ANSIBLE_CONFIG": str(root / "ansible.cfg"),
        "ANSIBLE_CALLBACK_PLUGINS": callbacks.lstrip(os.pathsep),
        "ANSIBLE_NOCOLOR": "1",
    }


@contextmanager
def _private(folder: Path) -> Iterator[Path]:
    """Give ansible-runner a folder that goes when it is done; what a killed run left goes first.

    It hands over events as files, so the folder is in memory wherever there is a place for that.
    """
    runtime = os.environ.get("XDG_RUNTIME_DIR") or ("/run" if os.geteuid() == 0 else "")
    base = Path(runtime, "conclave", "deploy", sha256(bytes(folder)).hexdigest()[:16]) if runtime else folder / "run"
    shutil.rmtree(base, ignore_errors=True)
    base.mkdir(parents=True, mode=0o700)
    with tempfile.TemporaryDirectory(dir=base) as private:
        yield Path(private)


@contextmanager
def _signals(handler: Callable[[int, object], None]) -> Iterator[None]:
    """Let an orderly end reach Ansible before it reaches us."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)
