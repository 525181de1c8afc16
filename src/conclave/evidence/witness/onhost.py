"""What a witness does on a host, with the standard library alone: sent there, run by the host's own Python.

Called as `python3 -c SOURCE look JSON` or `... watch JSON`; prints JSON.
"""

from __future__ import annotations

import base64
import json
import os
import pathlib
import pwd
import re
import secrets
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

# IEEE 802.1Q, table 8-1: bridges do not forward frames to this group; a tap on the interface sees them.
BEAT_GROUP = bytes.fromhex("0180c200000e")
# IEEE 802, local experimental EtherType 1.
BEAT_TYPE = 0x88B5
BEAT_MARK = b"conclave-beat:"
BEAT_SECONDS = 0.6
TOKEN_BYTES = 8
SEEN_SECONDS = 5.0
MOST_BYTES = 16 << 20
COMMAND_SECONDS = 20
CAPTURED_BYTES = 128


def look(
    *,
    addresses: list[str],
    port: int,
    count: int,
    question: str,
    rendered: dict[str, str],
    since: float | None,
) -> dict[str, object]:
    """Send the probes, then say everything the host knows about its own isolation.

    Parameters
    ----------
    addresses, port, count:
        So many UDP packets go to this port of each address; every rule set must refuse and count them.
    question:
        An outside name that the host asks its resolver for.
    rendered:
        Text of the rules that the control node rendered for this host in isolation, by the file they are staged in.
    since:
        Read the name server's log from there on (seconds since 1970); None where there is none to read.
    """
    began = time.time()
    sent = {address: [_send(address, port) for _ in range(count)] for address in addresses}
    asked = _ask(question) if question else ""
    return {
        "time": began,
        "boot": pathlib.Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip(),
        "probes": sent,
        "question": {"name": question, "answer": asked},
        "mode": _run("/usr/sbin/conclave-mode", "status", "--json"),
        "live": _run("nft", "-j", "list", "ruleset"),
        "live_text": _run("nft", "-s", "list", "ruleset"),
        "rendered": _loaded(rendered, "-j"),
        "rendered_text": _loaded(rendered, "-s"),
        "staged_files": {file: _read(file) for file in rendered},
        "interfaces": _run("ip", "-j", "address", "show"),
        "tracking": _run("chronyc", "-c", "tracking"),
        "users": {str(entry.pw_uid): entry.pw_name for entry in pwd.getpwall()},
        "versions": _versions(),
        "names": None if since is None else _names(since),
    }


def _send(address: str, port: int) -> str:
    """Send one packet from a socket of its own: an error that came back must not keep the next one from going out."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as plug:
        try:
            plug.sendto(b"conclave", (address, port))
        except OSError as error:
            return os.strerror(error.errno or 0)
    return ""


def _ask(question: str) -> str:
    try:
        found = socket.getaddrinfo(question, 53, type=socket.SOCK_DGRAM)
    except OSError as error:
        return f"no: {error}"
    return ", ".join(sorted({str(entry[4][0]) for entry in found}))


def _run(*command: str, stdin: str = "") -> dict[str, object]:
    try:
        done = subprocess.run(
            command, input=stdin, capture_output=True, text=True, check=False, timeout=COMMAND_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return {"rc": None, "stdout": "", "stderr": str(error)}
    return {"rc": done.returncode, "stdout": done.stdout, "stderr": done.stderr}


def _loaded(rendered: dict[str, str], form: str) -> dict[str, object]:
    """Load the rendered rules where nothing else is, with this host's own nft and kernel, and list the outcome."""
    script = 'nft -f - && nft "$1" list ruleset'
    return _run("unshare", "--net", "sh", "-c", script, "sh", form, stdin="".join(rendered.values()))


def _read(file: str) -> str | None:
    try:
        return pathlib.Path(file).read_text(encoding="utf-8")
    except OSError:
        return None


def _versions() -> dict[str, object]:
    packages = _run("dpkg-query", "-W", "-f", "${Package} ${Version}\n", "conclave-*", "nftables", "unbound", "chrony")
    listed = [row.split() for row in str(packages["stdout"]).splitlines()]
    release = _read("/etc/conclave/release")
    return {
        "kernel": os.uname().release,
        "release": (release or "").strip(),
        "packages": {row[0]: row[1] for row in listed if len(row) == 2},  # noqa: PLR2004 - name and version
    }


def _names(since: float) -> dict[str, object]:
    unit = ["--unit", "conclave-dns.service", "--since", f"@{since:.0f}"]
    return _run("journalctl", "--quiet", "--no-pager", "--output", "cat", *unit)


def watch(interfaces: list[str]) -> dict[str, object]:
    """Record what leaves by these interfaces until standard input ends; says on a line of its own when it sees."""
    watchers = [Watcher(name) for name in interfaces]
    try:
        for watcher in watchers:
            watcher.start()
        sys.stdout.write(json.dumps({"ready": [watcher.seen_first() for watcher in watchers]}) + "\n")
        sys.stdout.flush()
        stopped = threading.Event()
        threading.Thread(target=_until_told, args=(stopped,), daemon=True).start()
        while not stopped.wait(BEAT_SECONDS):
            for watcher in watchers:
                watcher.beat()
    finally:
        ended = [watcher.end() for watcher in watchers]
    return {"captures": ended}


def _until_told(stopped: threading.Event) -> None:
    sys.stdin.read()
    stopped.set()


class Watcher:
    """One interface: tcpdump, and frames of our own that it must see."""

    def __init__(self, interface: str) -> None:
        self.interface = interface
        self.beats: list[dict[str, object]] = []
        self._kept = bytearray()
        self._cut = 0
        self._noise = b""
        self._error = ""
        self._changed = threading.Condition()
        self._tcpdump: subprocess.Popen[bytes] | None = None
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Start tcpdump; what it says is read meanwhile."""
        command = ["tcpdump", "-i", self.interface, "-n", "-U", "-B", "4096", "-s", str(CAPTURED_BYTES)]
        try:
            # The filter's word is the kernel's own direction: a flood from outside fills no buffer.
            self._tcpdump = subprocess.Popen(
                [*command, "--immediate-mode", "-Z", "root", "-w", "-", "outbound"],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as error:
            self._error = str(error)
            return
        for target in (self._read, self._listen):
            self._threads.append(threading.Thread(target=target, daemon=True))
            self._threads[-1].start()

    def _read(self) -> None:
        assert self._tcpdump and self._tcpdump.stdout  # noqa: S101, PT018 (started before its reader)
        while part := self._tcpdump.stdout.read1(1 << 16):  # type: ignore[attr-defined]
            with self._changed:
                room = max(0, MOST_BYTES - len(self._kept))
                self._kept += part[:room]
                self._cut += len(part[room:])
                self._changed.notify_all()

    def _listen(self) -> None:
        assert self._tcpdump and self._tcpdump.stderr  # noqa: S101, PT018 (started before its reader)
        self._noise = self._tcpdump.stderr.read()

    def beat(self) -> bytes:
        """Send one frame with a random token."""
        token = secrets.token_bytes(TOKEN_BYTES)
        beat = {"token": token.hex(), "time": time.time(), "error": "", "needed": True}
        try:
            with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as plug:
                plug.bind((self.interface, 0))
                own = plug.getsockname()[4][:6]
                plug.send(BEAT_GROUP + own + struct.pack("!H", BEAT_TYPE) + (BEAT_MARK + token).ljust(46, b"\0"))
        except OSError as error:
            beat["error"] = str(error)
        self.beats.append(beat)
        return token

    def seen_first(self) -> bool:
        """Send beats until one is seen; those sent before tcpdump listened need not be."""
        deadline = time.monotonic() + SEEN_SECONDS
        while time.monotonic() < deadline:
            if self._wait_for(self.beat(), 0.2):
                return True
            self.beats[-1]["needed"] = False
        return False

    def _wait_for(self, token: bytes, seconds: float) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: token in self._kept or self._cut > 0, seconds)

    def end(self) -> dict[str, object]:
        """Stop tcpdump and return the recording, and what it says about itself."""
        status = None
        if self._tcpdump:
            self._wait_for(self.beat(), SEEN_SECONDS if self._tcpdump.poll() is None else 0)
            if self._tcpdump.poll() is None:
                self._tcpdump.send_signal(signal.SIGINT)
            try:
                status = self._tcpdump.wait(SEEN_SECONDS)
            except subprocess.TimeoutExpired:
                self._tcpdump.kill()
                status = self._tcpdump.wait()
            for thread in self._threads:
                thread.join(SEEN_SECONDS)
        said = self._noise.decode(errors="replace")
        version = re.search(r"tcpdump version (\S+)", str(_run("tcpdump", "--version")["stdout"]))
        return {
            "interface": self.interface,
            "pcap": base64.b64encode(bytes(self._kept)).decode("ascii"),
            "bytes_not_kept": self._cut,
            "beats": self.beats,
            "status": status,
            "said": self._error or said,
            "version": version[1] if version else "",
        }


def main() -> None:
    """Run one function with arguments from JSON and print what it returns."""
    arguments = json.loads(sys.argv[2])
    if sys.argv[1] == "look":
        # By standard input: a word of a command line is too short for the rules of a large site.
        json.dump(look(**arguments, rendered=json.load(sys.stdin)), sys.stdout)
    else:
        json.dump(watch(**arguments), sys.stdout)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
