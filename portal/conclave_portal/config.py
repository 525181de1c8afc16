"""The portal's configuration: one TOML file, every key described here and nowhere else.

The file's path comes from the environment variable ``CONCLAVE_PORTAL_CONFIG``; secrets stand in the file only.
"""

from __future__ import annotations

import os
import tomllib
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator

from conclave.levels import Answer, Table, in_force
from mode_switch import announcement

CONFIG_VARIABLE = "CONCLAVE_PORTAL_CONFIG"
DEFAULT_PATH = Path("/etc/conclave/portal/portal.toml")


class ConfigError(Exception):
    """The configuration file is missing or wrong; the text says which key and what was expected."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Site(_Section):
    """``[site]``: what people see of the site."""

    name: Annotated[str, Field(min_length=1, description="Name of the site, shown on every page.")]
    domain: Annotated[str, Field(min_length=1, description="The site's domain; names such as meet. stand below it.")]
    contact: Annotated[str, Field(description="E-mail address or telephone number that users contact for help.")] = ""
    language: Annotated[
        Literal["de", "en"], Field(description="Language for users whose browser prefers neither German nor English.")
    ] = "de"
    networks: Annotated[
        list[IPv4Network | IPv6Network],
        Field(min_length=1, description="Networks of all zones of the site; any other address is outside."),
    ]


class Uplink(_Section):
    """``[uplink]``: bandwidth between the site and the outside, shared by all participants outside."""

    up: Annotated[float, Field(gt=0, description="Mbit/s out of the site.")]
    down: Annotated[float, Field(gt=0, description="Mbit/s into the site.")]
    meeting_share: Annotated[
        float, Field(gt=0, le=1, description="Part that guests of one meeting may fill while another is due.")
    ] = 0.5
    guests_of_network: Annotated[
        int, Field(ge=1, description="Guests in one meeting at a time from one address outside, of IPv6 its /64.")
    ] = 50


class ModeFiles(_Section):
    """``[mode]``: where the site's mode is read."""

    state: Annotated[Path, Field(description="Written by the host: its mode, since when, and until when.")] = Path(
        "/run/conclave/mode.json"
    )
    announcement: Annotated[Path, Field(description="Written by ``mode_switch`` just before the hosts switch.")] = (
        announcement.PATH
    )


class Web(_Section):
    """``[web]``: how the portal is reached."""

    public_url: Annotated[
        str, Field(pattern=r"^https://[^/]+$", description="Address that users open, without a path.")
    ]
    allowed_hosts: Annotated[
        list[str], Field(min_length=1, description="Host names the portal answers to: the public and the internal one.")
    ]
    secret_key: Annotated[
        SecretStr, Field(min_length=50, description="Signs cookies; keys of stored PINs derive from it.")
    ]
    secret_key_fallbacks: Annotated[
        list[SecretStr], Field(description="Previous secret keys that are still accepted, newest first.")
    ] = []
    behind_proxy: Annotated[
        bool,
        Field(description="Whether users come through a proxy that states their address; other peers are outside."),
    ] = True
    session_hours: Annotated[int, Field(ge=1, le=24, description="Hours after which users must sign in again.")] = 10
    idle_minutes: Annotated[
        int, Field(ge=5, le=1440, description="Minutes without a request after which a session ends.")
    ] = 240


class Database(_Section):
    """``[database]``: PostgreSQL, always over TLS unless the host is a socket directory."""

    host: Annotated[str, Field(description="Host name as in its certificate, or the directory of a local socket.")]
    port: Annotated[int, Field(ge=1, le=65535)] = 5432
    name: str = "portal"
    user: str = "portal"
    password: SecretStr = SecretStr("")
    sslrootcert: Annotated[Path | None, Field(description="CA that signed the server's certificate (verify-full).")] = (
        None
    )
    pool: Annotated[int, Field(ge=1, le=50, description="Maximum number of connections per portal process.")] = 10


class Valkey(_Section):
    """``[valkey]``: cache of the portal (attempt counters, keys of the identity server)."""

    url: Annotated[
        str, Field(pattern=r"^(rediss|unix)://", description="rediss://HOST:PORT/DB, or unix:///SOCKET on one host.")
    ]
    user: str = "portal"
    password: SecretStr = SecretStr("")
    ca: Annotated[Path | None, Field(description="CA that signed the server's certificate.")] = None
    prefix: Annotated[str, Field(description="Prefix of every key; the ACL user is limited to it.")] = "portal"


class Oidc(_Section):
    """``[oidc]``: the identity server."""

    issuer: Annotated[str, Field(pattern=r"^https://", description="Issuer, exactly as it stands in its tokens.")]
    client_id: str = "portal"
    client_secret: SecretStr
    ca: Annotated[Path | None, Field(description="CA for the issuer's certificate; absent: the system's store.")] = None
    service_clients: Annotated[
        list[str], Field(description="Clients whose own access tokens (client credentials) may plan meetings.")
    ] = []


class MediaPorts(_Section):
    """``[livekit.ports]``: ports for video and audio, shown to users who check their connection."""

    udp: Annotated[int, Field(ge=1, le=65535, description="Direct to the SFU, over UDP.")]
    tcp: Annotated[int, Field(ge=1, le=65535, description="Direct to the SFU, over TCP.")]
    turn_udp: Annotated[int, Field(ge=1, le=65535, description="Through the TURN relay, over UDP.")]
    turn_tls: Annotated[
        int, Field(ge=1, le=65535, description="Through the TURN relay, over TLS, as clients reach it at the edge.")
    ]


class Livekit(_Section):
    """``[livekit]``: the SFU's moderation API, and the address for browsers."""

    servers: Annotated[
        list[Annotated[str, Field(pattern=r"^https?://[^/]+$")]],
        Field(
            min_length=1,
            description="https://NAME:PORT of each server; NAME as in its certificate. Plain http only on loopback.",
        ),
    ]
    url: Annotated[str, Field(pattern=r"^wss?://", description="Where browsers connect to: wss://media.DOMAIN/{node}")]
    key: str
    secret: SecretStr
    ca: Annotated[Path | None, Field(description="CA that signed the SFU's certificate.")] = None
    certificate: Annotated[Path | None, Field(description="Client certificate chain shown to the SFU.")] = None
    certificate_key: Annotated[Path | None, Field(description="Key of the client certificate.")] = None
    ports: MediaPorts

    @model_validator(mode="before")
    @classmethod
    def _one_server(cls, values: Any) -> Any:  # noqa: ANN401 - whatever stands in the file
        """Read ``api_url`` of the release before: an upgraded portal runs with it until it is configured anew."""
        if isinstance(values, dict) and "api_url" in values and "servers" not in values:
            return {"servers": [values["api_url"]], **{key: it for key, it in values.items() if key != "api_url"}}
        return values


class Retention(_Section):
    """``[retention]``: how long it is known who somebody was."""

    days: Annotated[
        int, Field(ge=1, le=3650, description="Days after which names and addresses are erased from the audit log.")
    ] = 90


class Config(_Section):
    """The whole file."""

    site: Site
    uplink: Uplink
    mode: ModeFiles = ModeFiles()
    web: Web
    database: Database
    valkey: Valkey
    oidc: Oidc
    livekit: Livekit
    retention: Retention = Retention()
    levels: Annotated[
        Answer, Field(description="By level the rules that the site makes tighter, and ``default``.")
    ] = {}

    @property
    def security(self) -> Table:
        """The levels in force."""
        return in_force(self.levels)


def load(path: Path | None = None) -> Config:
    """Read and check the configuration.

    Parameters
    ----------
    path:
        The file; by default the one named by ``CONCLAVE_PORTAL_CONFIG``, else `DEFAULT_PATH`.

    Raises
    ------
    ConfigError
        When the file cannot be read, is not TOML, or a key is missing, unknown or out of range. Values are never
        repeated in the text, as they may be secret.
    """
    path = path or Path(os.environ.get(CONFIG_VARIABLE) or DEFAULT_PATH)
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        message = f"{path}: {error.strerror}; set {CONFIG_VARIABLE} to the portal's configuration file"
        raise ConfigError(message) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        message = f"{path}: not a TOML file: {error}"
        raise ConfigError(message) from error
    try:
        return Config.model_validate(raw)
    except ValidationError as error:
        rows = [
            f"{'.'.join(str(part) for part in row['loc'])}: {row['msg']}" for row in error.errors(include_input=False)
        ]
        message = f"{path}: " + "; ".join(rows)
        raise ConfigError(message) from None
