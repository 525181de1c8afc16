"""Reads a site's two files and reports every mistake at once, each with its file, line, value and what was expected."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from conclave import paths
from conclave.catalog import ROLES
from conclave.errors import ConclaveError, ExitCode
from conclave.site.model import ZONES, Answers, Host, Site, contradictions

if TYPE_CHECKING:
    from pathlib import Path

_SHOWN = 80


@dataclass(frozen=True)
class Finding:
    """One mistake: ``line`` counts from 1; ``value`` is what stands there, shortened."""

    file: str
    line: int
    where: str
    value: str
    expected: str

    def __str__(self) -> str:
        """Return the finding on one line, in the form editors and terminals make clickable."""
        return f"{self.file}:{self.line}: {self.where or 'the file'} is {self.value}, expected {self.expected}"

    def as_dict(self) -> dict[str, Any]:
        """Return the finding as plain data."""
        return asdict(self)


def load(site: str) -> Site:
    """Read a site that must be right.

    Raises
    ------
    ConclaveError
        Exit code 2 with every finding, when it is not.
    """
    found, findings = check(site)
    if found is None:
        raise ConclaveError(
            "\n".join(str(finding) for finding in findings),
            expected=f"a site without findings, there are {len(findings)}",
            todo=f"correct the lines above, then `conclave site check {site}`",
            exit_code=ExitCode.INPUT,
        )
    return found


def check(site: str) -> tuple[Site | None, list[Finding]]:
    """Read a site and everything that is wrong with it; the site is None when there are findings.

    Raises
    ------
    ConclaveError
        When there is no such site.
    """
    return check_folder(paths.inventory(site))


def check_folder(folder: Path) -> tuple[Site | None, list[Finding]]:
    """Do what ``check`` does for an inventory folder anywhere."""
    answers_file, hosts_file = _File(folder / "site.yml"), _File(folder / "hosts.yml")
    answers = answers_file.parse(Answers, answers_file.tree, ())
    if answers and answers.name != folder.name:
        answers_file.found(("name",), f"{folder.name}, the name of the folder")
    hosts = _hosts(hosts_file)
    if answers and not hosts_file.findings:
        for name, where, expected in contradictions(answers, hosts):
            if name == "site.yml":
                answers_file.found(where, expected)
            else:
                hosts_file.found(where, expected)
    findings = sorted([*answers_file.findings, *hosts_file.findings], key=lambda f: (f.file, f.line))
    return (None if findings or answers is None else Site(answers=answers, hosts=hosts)), findings


def answers_of(folder: Path) -> Answers | None:
    """Return the answers in ``site.yml``, or None when they have findings."""
    file = _File(folder / "site.yml")
    return file.parse(Answers, file.tree, ())


class _File:
    """A YAML file with its positions, and the findings in it."""

    def __init__(self, path: Path) -> None:
        self.findings: list[Finding] = []
        self.tree: Any = CommentedMap()
        # Where a name of our own (a host, a group) stands: container and key.
        self.places: dict[tuple[str | int, ...], tuple[CommentedMap, str]] = {}
        root = path.parent.parent.parent
        self.shown = str(path.relative_to(root)) if path.is_absolute() else str(path)
        try:
            tree = YAML(typ="rt").load(path)
        except FileNotFoundError:
            self._add(1, "", "missing", "a file; `conclave site new` writes one, inventories/sample shows one")
            return
        except MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            self._add(line, "", "not YAML", f"correct YAML ({(error.problem or '').strip()})")
            return
        except (YAMLError, UnicodeDecodeError) as error:
            self._add(1, "", "not YAML", f"correct YAML in UTF-8 ({error})")
            return
        if not isinstance(tree, CommentedMap):
            self._add(1, "", _show(tree), "keys with values")
            return
        self.tree = tree

    def _add(self, line: int, where: str, value: str, expected: str) -> None:
        self.findings.append(Finding(self.shown, line, where, value, expected))

    def parse[M: BaseModel](
        self, model: type[M], data: CommentedMap | dict[str, Any], at: tuple[str | int, ...]
    ) -> M | None:
        """Return the model, or None after adding a finding for each of its mistakes."""
        if not data and self.findings:
            return None
        try:
            return model.model_validate(data)
        except ValidationError as error:
            for mistake in error.errors():
                inside = _real(mistake["loc"])
                if mistake["type"] == "extra_forbidden":
                    known = ", ".join(_fields(model, inside[:-1]))
                    self.found((*at, *inside), f"none of this; known here: {known}")
                else:
                    self.found((*at, *inside), _expected(model, inside, mistake["msg"]))
        return None

    def found(self, where: tuple[str | int, ...], expected: str) -> None:
        """Add a finding at the deepest part of ``where`` that exists in the file."""
        node, rest = self._start(where)
        line, value = self._line_of_start(where), _show(node) if where else "incomplete"
        for key in rest:
            if not _has(node, key):
                value = "missing"
                break
            line = _line(node, key)
            node = node[key]
            value = _show(node)
        text = ".".join(str(key) for key in where)
        if Finding(self.shown, line, text, value, expected) not in self.findings:
            self._add(line, text, value, expected)

    def _start(self, where: tuple[str | int, ...]) -> tuple[Any, tuple[str | int, ...]]:
        for size in range(len(where), 0, -1):
            if where[:size] in self.places:
                container, key = self.places[where[:size]]
                return container[key], where[size:]
        return self.tree, where

    def _line_of_start(self, where: tuple[str | int, ...]) -> int:
        for size in range(len(where), 0, -1):
            if where[:size] in self.places:
                return _line(*self.places[where[:size]])
        return 1


def _hosts(file: _File) -> tuple[Host, ...]:
    """Collect hosts over all groups, as Ansible does: a host may be named in several, its variables add up."""
    variables: dict[str, dict[str, Any]] = {}
    roles: dict[str, set[str]] = {}
    if not file.tree:
        return ()
    top = file.tree.get("all")
    if not isinstance(top, CommentedMap):
        file.found(("all",), "the group `all` with vars and children")
        return ()
    groups: list[tuple[str, Any]] = [("", top)]
    for role, group in _below(top, "children"):
        file.places[(role,)] = (top["children"], role)
        if role not in ROLES:
            file.found((role,), f"groups that are roles: {', '.join(ROLES)}")
        else:
            groups.append((role, group))
    for role, group in groups:
        for name, given in _below(group, "hosts"):
            # The mention with variables is the one worth pointing at.
            if (name,) not in file.places or given:
                file.places[(name,)] = (group["hosts"], name)
            variables.setdefault(name, {}).update(given if isinstance(given, CommentedMap) else {})
            roles.setdefault(name, set()).update({role} if role else ())
    everywhere = dict(_below(top, "vars"))
    parsed = [
        file.parse(Host, {**everywhere, **values, "name": name, "roles": roles[name]}, (name,))
        for name, values in variables.items()
    ]
    if not variables and not file.findings:
        file.found(("all",), "hosts")
    return tuple(host for host in parsed if host)


def _below(node: object, key: str) -> list[tuple[str, Any]]:
    """Return what stands below a key, or nothing where the key is missing or empty."""
    inner = node.get(key) if isinstance(node, CommentedMap) else None
    return list(inner.items()) if isinstance(inner, CommentedMap) else []


def _real(location: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """Leave out what pydantic adds for a dictionary's key."""
    return tuple(part for part in location if part != "[key]")


def _fields(model: type[BaseModel], location: tuple[str | int, ...]) -> list[str]:
    for part in location:
        inner = model.model_fields[str(part)].annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            model = inner
    return list(model.model_fields)


def _expected(model: type[BaseModel], location: tuple[str | int, ...], message: str) -> str:
    """Return the description of the innermost field that has one."""
    text = message
    for part in location:
        field = model.model_fields.get(str(part))
        if field is None:
            break
        text = field.description or text
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            model = inner
    if len(location) > 1 and location[0] == "zones":
        text = f'networks such as [192.0.2.0/27, "2001:db8:1::/64"], host bits zero, for: {", ".join(ZONES)}'
    return text


def _has(node: object, key: str | int) -> bool:
    if isinstance(node, CommentedMap):
        return key in node
    return isinstance(node, CommentedSeq) and isinstance(key, int) and key < len(node)


def _line(node: CommentedMap | CommentedSeq, key: str | int) -> int:
    position: tuple[int, int] = node.lc.key(key) if isinstance(node, CommentedMap) else node.lc.item(key)
    return position[0] + 1


def _show(value: object) -> str:
    if value is None:
        return "empty"
    text = repr(value) if isinstance(value, str) else str(value)
    if isinstance(value, CommentedMap):
        text = "{" + ", ".join(f"{key}: {_show(inner)}" for key, inner in value.items()) + "}"
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."
