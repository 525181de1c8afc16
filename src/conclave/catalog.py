"""The flow catalogue: reads ``roles/catalog/defaults/main.yml`` and refuses what does not fit together."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, Annotated, Literal, Self, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from conclave.errors import ConclaveError, ExitCode
from conclave.paths import project_root

if TYPE_CHECKING:
    from pathlib import Path

# Zones in which no host of the site stands: their addresses come from site.yml, `outside` is everything else.
FOREIGN_ZONES = ("users", "mgmt", "outside")
# Servers of the organisation outside the site, named in site.yml; their ports are not the site's own.
BEYOND = frozenset({"resolvers", "ntp_servers"})

Protocol = Literal["tcp", "udp"]
# A role of hosts is a group of hosts.yml.
Role = Literal["router", "edge", "media", "core", "depot"]
ROLES: tuple[Role, ...] = get_args(Role)
Source = Literal["users", "mgmt", "outside", "router", "edge", "media", "core", "depot", "hosts"]
Target = Literal["router", "edge", "media", "core", "depot", "hosts", "resolvers", "ntp_servers"]
Mode = Literal["open", "isolated"]
Dscp = Literal["EF", "AF41", "AF31", "CS3", "CS2", "DF", "LE"]
Port = Annotated[int, Field(ge=1, le=65535)]


def _as_list(value: object) -> object:
    return value if isinstance(value, list) else [value]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Purpose(_Strict):
    """What a flow is for, in one sentence per language."""

    en: str = Field(min_length=10)
    de: str = Field(min_length=10)


class Limit(_Strict):
    """What one source address may ask of a public port.

    Parameters
    ----------
    new_per_second:
        New connections a second, on average.
    burst:
        New connections at once, after a pause.
    connections:
        Connections at the same time. A whole organisation may stand behind one address.
    """

    new_per_second: int = Field(gt=0)
    burst: int = Field(gt=0)
    connections: int = Field(gt=0)


class Flow(_Strict):
    """One network flow of the product; the request goes from ``sources`` to ``targets``."""

    name: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    protocols: Annotated[list[Protocol], BeforeValidator(_as_list)] = Field(alias="protocol", min_length=1)
    ports: list[Port] = Field(min_length=1)
    sources: list[Source] = Field(alias="from", min_length=1)
    targets: list[Target] = Field(alias="to", min_length=1)
    public: bool = False
    limit: Limit | None = None
    dscp: Dscp
    tls: bool
    modes: list[Mode] = Field(min_length=1)
    # Where the flow depends on who signs the site's certificates: `trust` of site.yml.
    trust: Literal["own", "supplied"] | None = None
    purpose: Purpose

    @model_validator(mode="after")
    def _public_is_limited(self) -> Self:
        if self.public != ("outside" in self.sources):
            raise ValueError(
                f"flow {self.name}: public says {self.public}, but from {'has' if not self.public else 'lacks'} outside"
            )
        if self.public != (self.limit is not None):
            raise ValueError(f"flow {self.name}: a public flow has a limit per source, another has none")
        return self

    @property
    def port(self) -> int:
        """The only or first port."""
        return self.ports[0]

    @property
    def either_side_first(self) -> bool:
        """Whether the served side may send before it was asked: ICE's checks (RFC 8445) cross on their way."""
        return self.public and "udp" in self.protocols


class Catalog(_Strict):
    """All flows, ports that stay on their host, names below the site's domain and paths."""

    flows: list[Flow] = Field(alias="catalog_flows", min_length=1)
    local_ports: dict[str, Port | list[Port]] = Field(alias="catalog_local_ports")
    names: dict[str, Role] = Field(alias="catalog_names")
    groups: dict[Literal["all"] | Role, list[str]] = Field(alias="catalog_groups")
    paths: dict[str, str] = Field(alias="catalog_paths")

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        names = [flow.name for flow in self.flows]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"flows named twice: {', '.join(twice)}")
        self._ports_are_taken_once()
        for name, path in self.paths.items():
            if not re.fullmatch(r"(/[\w.-]+)+", path):
                raise ValueError(f"path {name} is {path!r}, expected an absolute path")
        return self

    def _ports_are_taken_once(self) -> None:
        # One host may carry all roles, so a port belongs to one flow of the whole site.
        owners: dict[tuple[str, int], list[str]] = defaultdict(list)
        for flow in (flow for flow in self.flows if not BEYOND.issuperset(flow.targets)):
            for protocol in flow.protocols:
                for port in flow.ports:
                    owners[protocol, port].append(flow.name)
        for name, value in self.local_ports.items():
            first, last = (value[0], value[-1]) if isinstance(value, list) else (value, value)
            for port in range(first, last + 1):
                owners["tcp", port].append(name)
                owners["udp", port].append(name)
        for (taken, port), takers in owners.items():
            if len(takers) > 1:
                raise ValueError(f"{taken} port {port} is taken by {' and '.join(takers)}")

    @classmethod
    def load(cls, path: Path | None = None) -> Catalog:
        """Read the catalogue.

        Parameters
        ----------
        path:
            Another file than the project's own.

        Raises
        ------
        ConclaveError
            When the file cannot be read or contradicts itself; the message names the place.
        """
        file = path or project_root() / "roles/catalog/defaults/main.yml"
        try:
            return cls.model_validate(YAML(typ="safe", pure=True).load(file.read_text(encoding="utf-8")))
        except (OSError, YAMLError) as error:
            raise ConclaveError(
                f"{file} cannot be read: {error}", todo="restore it from the release", exit_code=ExitCode.INPUT
            ) from error
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "catalogue"
            raise ConclaveError(
                f"{file}: {where}: {first['msg'].removeprefix('Value error, ')}",
                expected="a catalogue as docs/reference describes it",
                todo="correct that entry",
                exit_code=ExitCode.INPUT,
            ) from error

    def flow(self, name: str) -> Flow:
        """Return a flow by name.

        Raises
        ------
        ConclaveError
            When the catalogue has no such flow.
        """
        for flow in self.flows:
            if flow.name == name:
                return flow
        raise ConclaveError(
            f"no flow named {name!r}", expected=f"one of: {', '.join(flow.name for flow in self.flows)}"
        )

    def port(self, name: str) -> int:
        """Return the first port of a flow."""
        return self.flow(name).port

    def names_of(self, roles: set[str], domain: str) -> list[str]:
        """Return the full names that hosts with these roles answer to, sorted."""
        return sorted(f"{name}.{domain}" for name, role in self.names.items() if role in roles)
