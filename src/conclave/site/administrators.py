"""Who administers a site's hosts beside this control node: accounts and ssh keys, in a file beside hosts.yml.

Without it, the account and the keys that this control node signs in with are the only ones that a host may have.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from conclave.errors import ConclaveError, ExitCode

if TYPE_CHECKING:
    from pathlib import Path

    from conclave.site.model import Site

NAME = "administrators.yml"
EXAMPLE = "accounts: [alice]\nkeys: [ssh-ed25519 AAAA... alice]"
# Type and key; a comment may follow.
_LEAST_WORDS = 2


class Administrators(BaseModel):
    """Accounts that may become root, and public keys as authorized_keys has them."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    accounts: list[str] = Field(default_factory=list)
    keys: list[str] = Field(default_factory=list)

    @property
    def blobs(self) -> list[bytes]:
        """The keys, as they are on the wire."""
        return [_blob(key) for key in self.keys]


def file(site: Site) -> Path:
    """Return where a site's administrators are declared."""
    return site.folder / NAME


def load(site: Site) -> Administrators:
    """Read a site's administrators; nobody is declared where there is no file.

    Raises
    ------
    ConclaveError
        When the file is not as it should be.
    """
    path = file(site)
    if not path.is_file():
        return Administrators()
    try:
        read = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
        found = Administrators.model_validate(read or {})
        for key in found.keys:
            _blob(key)
    except (YAMLError, ValidationError, ValueError) as error:
        raise ConclaveError(
            f"{path}: {' '.join(str(error).split())[:300]}", expected=EXAMPLE, exit_code=ExitCode.INPUT
        ) from error
    return found


def text(blob: bytes) -> str:
    """Return a key as authorized_keys writes it, without its type."""
    return base64.b64encode(blob).decode("ascii")


def _blob(key: str) -> bytes:
    words = key.split()
    wrong = f"{key[:60]!r} is no public key of ssh: type, key, and a comment if you like"
    if len(words) < _LEAST_WORDS:
        raise ValueError(wrong)
    try:
        return base64.b64decode(words[1], validate=True)
    except binascii.Error as error:
        raise ValueError(wrong) from error
