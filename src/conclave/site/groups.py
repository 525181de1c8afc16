"""The groups of ``hosts.yml``, read as Ansible reads them: nested, a host in several, variables from far to near."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ruamel.yaml.comments import CommentedMap

from conclave.catalog import ROLES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conclave.site.file import File

_PARTS = ("hosts", "vars", "children")


@dataclass
class Group:
    """One group: its variables, the hosts named in it with theirs, and the groups below it."""

    variables: dict[str, Any] = field(default_factory=dict)
    hosts: dict[str, dict[str, Any]] = field(default_factory=dict)
    children: list[str] = field(default_factory=list)


class Groups:
    """All groups of a file.

    Parameters
    ----------
    file:
        The file; what is wrong with its shape is added to its findings.
    """

    def __init__(self, file: File) -> None:
        self._file = file
        self.groups: dict[str, Group] = {"all": Group()}
        for name, body in file.tree.items():
            if not self._text(name, (name,)):
                continue
            file.places[name,] = (file.tree, name)
            self._group(name, body, (name,), ())
        tops = [name for name in self.groups if name != "all" and not self._parents(name)]
        self.groups["all"].children += [name for name in tops if name not in self.groups["all"].children]

    @property
    def hosts(self) -> list[str]:
        """Names of all hosts, in the order of the file."""
        return list(dict.fromkeys(name for group in self.groups.values() for name in group.hosts))

    def above(self, host: str) -> set[str]:
        """Return the groups that a host is in, those above its own among them."""
        found, waiting = {"all"}, [name for name, group in self.groups.items() if host in group.hosts]
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting += self._parents(name)
        return found

    def variables(self, host: str) -> dict[str, Any]:
        """Return a host's variables: those of groups, the deepest last, then its own."""
        merged: dict[str, Any] = {}
        for name in sorted(self.above(host), key=lambda name: (self._depth(name), name)):
            merged |= self.groups[name].variables
        for group in self.groups.values():
            merged |= group.hosts.get(host, {})
        return merged

    def strangers(self) -> Iterator[str]:
        """Yield groups that name a host which no role's group has: a role's name is misspelt, most likely."""
        for name, group in self.groups.items():
            known = {"all", *ROLES}
            if name not in known and any(self.above(host).isdisjoint(ROLES) for host in group.hosts):
                yield name

    def _parents(self, name: str) -> list[str]:
        return [parent for parent, group in self.groups.items() if name in group.children]

    def _depth(self, name: str, seen: tuple[str, ...] = ()) -> int:
        parents = [parent for parent in self._parents(name) if parent not in seen]
        return 1 + max((self._depth(parent, (*seen, name)) for parent in parents), default=-1)

    def _group(self, name: str, body: object, at: tuple[str, ...], above: tuple[str, ...]) -> None:
        group = self.groups.setdefault(name, Group())
        if name in above:
            self._file.found(at, f"a group that is not below itself; {name} stands above it already")
            return
        if body is None:
            return
        if not isinstance(body, CommentedMap):
            self._file.found(at, f"a group with {', '.join(_PARTS)}")
            return
        for part in body:
            if part not in _PARTS:
                self._file.found((*at, part), f"none of this; known here: {', '.join(_PARTS)}")
        group.variables |= self._mapping(body, at, "vars", "variables with their values: ansible_user: root")
        for host, own in self._mapping(body, at, "hosts", "each host as a key: core1: {ansible_host: ...}").items():
            # The mention with variables is the one worth pointing at.
            if (host,) not in self._file.places or own:
                self._file.places[host,] = (body["hosts"], host)
            if own is not None and not isinstance(own, CommentedMap):
                self._file.found((host,), "variables of the host: {ansible_host: ..., conclave_zone: ...}")
                continue
            group.hosts.setdefault(host, {}).update(own or {})
        for child, inner in self._mapping(body, at, "children", "each group as a key: core: {hosts: ...}").items():
            self._file.places[child,] = (body["children"], child)
            group.children += [] if child in group.children else [child]
            self._group(child, inner, (child,), (*above, name))

    def _text(self, name: object, at: tuple[Any, ...]) -> bool:
        """Refuse a name that is none: 012 is the number 12, and 1e3 a thousand."""
        if isinstance(name, str):
            return True
        self._file.found(at, f"a name that begins with a letter, or in quotes; YAML reads this one as {name}")
        return False

    def _mapping(self, body: CommentedMap, at: tuple[str, ...], part: str, expected: str) -> dict[str, Any]:
        inner = body.get(part)
        if inner is None:
            return {}
        if not isinstance(inner, CommentedMap):
            self._file.found((*at, part), expected)
            return {}
        return {key: value for key, value in inner.items() if self._text(key, (*at, part, key))}
