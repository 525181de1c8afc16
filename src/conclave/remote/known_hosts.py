"""Host keys that somebody has accepted, read as ssh reads them (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT)."""

from __future__ import annotations

import hmac
import re
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

STANDARD_PORT = 22
Verdict = Literal["accepted", "unknown", "changed", "revoked"]


@dataclass(frozen=True)
class HostKey:
    """A public key: its type as ssh names it, and its bytes on the wire."""

    kind: str
    blob: bytes

    @property
    def fingerprint(self) -> str:
        """Return the fingerprint as `ssh-keygen -l` prints it."""
        return "SHA256:" + b64encode(sha256(self.blob).digest()).decode().rstrip("=")

    def line(self, name: str) -> str:
        """Return the line that accepts the key for a host's name."""
        return f"{name} {self.kind} {b64encode(self.blob).decode()}\n"


@dataclass
class Known:
    """What the files say of one name. A host known only by the authority that certifies it is not among them."""

    accepted: list[HostKey] = field(default_factory=list)
    revoked: list[HostKey] = field(default_factory=list)

    def judge(self, key: HostKey) -> Verdict:
        """Judge a key as ssh does: a revoked one is refused, any accepted one will do."""
        if key in self.revoked:
            return "revoked"
        if key in self.accepted:
            return "accepted"
        return "changed" if self.accepted else "unknown"


def name_of(host: str, port: int) -> str:
    """Return the name under which a host's key stands."""
    return host.lower() if port == STANDARD_PORT else f"[{host.lower()}]:{port}"


def known(name: str, files: Iterable[Path]) -> Known:
    """Return what the files say of a name; a line that is not understood says nothing, as in ssh."""
    found = Known()
    for file in files:
        try:
            text = file.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        for line in text.splitlines():
            marker, names, key = _parts(line)
            if key and marker in {"", "@revoked"} and _names(names, name):
                (found.revoked if marker else found.accepted).append(key)
    return found


def _parts(line: str) -> tuple[str, str, HostKey | None]:
    words = line.split()
    marker = words.pop(0) if words and words[0].startswith("@") else ""
    if len(words) < 3 or words[0].startswith("#"):  # noqa: PLR2004 - names, type, key
        return marker, "", None
    try:
        return marker, words[0], HostKey(words[1], b64decode(words[2], validate=True))
    except ValueError:
        return marker, "", None


def _names(patterns: str, name: str) -> bool:
    """Tell whether a line speaks of a name: by a hash of it, or by patterns of which none with ``!`` may fit."""
    if patterns.startswith("|1|"):
        try:
            salt, digest = (b64decode(part) for part in patterns[3:].split("|", 1))
        except ValueError:
            return False
        return hmac.compare_digest(hmac.new(salt, name.encode(), "sha1").digest(), digest)
    fits = False
    for pattern in patterns.lower().split(","):
        if _pattern(pattern.removeprefix("!")).fullmatch(name):
            if pattern.startswith("!"):
                return False
            fits = True
    return fits


def _pattern(text: str) -> re.Pattern[str]:
    # Brackets stand for themselves here, so this is not what shells match.
    return re.compile(re.escape(text).replace(r"\*", ".*").replace(r"\?", "."))
