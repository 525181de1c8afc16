"""A YAML file of a site with the positions in it, and every mistake that is found there."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from conclave.site.model import ZONES

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


class File:
    """A YAML file with its positions, and the findings in it.

    Parameters
    ----------
    path:
        The file.
    folder:
        The site's folder, where the file does not lie directly in it.
    """

    def __init__(self, path: Path, folder: Path | None = None) -> None:
        self.findings: list[Finding] = []
        # What is accepted for now, but will not be for ever.
        self.notices: list[Finding] = []
        self.tree: Any = CommentedMap()
        # Where a name of our own (a host, a group) stands: container and key.
        self.places: dict[tuple[str | int, ...], tuple[CommentedMap, str]] = {}
        root = (folder or path.parent).parent.parent
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
                if inside == ("name",) and at:
                    # A name of a host is the key it stands under.
                    self.misnamed(at, expected(model, inside, mistake["msg"]))
                    continue
                if mistake["type"] == "extra_forbidden":
                    known = ", ".join(_fields(model, inside[:-1]))
                    self.found((*at, *inside), f"none of this; known here: {known}")
                else:
                    self.found((*at, *inside), expected(model, inside, mistake["msg"]))
        return None

    def misnamed(self, where: tuple[str | int, ...], expected: str) -> None:
        """Add a finding about the key itself, not about what stands under it."""
        self._add(self._line_of_start(where), ".".join(map(str, where)), f"named {_show(str(where[-1]))}", expected)

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

    def renamed(self, old: tuple[str, ...], new: str) -> None:
        """Read a key under its new name where a file still has the old one, and notice it."""
        *above, key = old
        node: Any = self.tree
        for part in above:
            node = node.get(part) if isinstance(node, CommentedMap) else None
        if not isinstance(node, CommentedMap) or key not in node:
            return
        if new in node:
            self.found(old, f"only {new}, its new name, which is there too")
            del node[key]
            return
        place = Finding(
            self.shown,
            _line(node, key),
            ".".join(old),
            _show(node[key]),
            f"{'.'.join((*above, new))}, its new name; the old one is read until the next release",
        )
        self.notices.append(place)
        position = list(node).index(key)
        mark = node.lc.data[key]
        node.insert(position, new, node.pop(key))
        node.lc.data[new] = mark


def plain(node: object) -> Any:  # noqa: ANN401 - whatever YAML can say
    """Return what stands in a file as Python's own dictionaries, lists, texts and numbers."""
    if isinstance(node, dict):
        return {str(key): plain(value) for key, value in node.items()}
    if isinstance(node, list):
        return [plain(value) for value in node]
    for kind in (bool, int, float, str):
        if isinstance(node, kind):
            return kind(node)
    return node


def _real(location: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """Leave out what pydantic adds for a dictionary's key."""
    return tuple(part for part in location if part != "[key]")


def _fields(model: type[BaseModel], location: tuple[str | int, ...]) -> list[str]:
    for part in location:
        inner = model.model_fields[str(part)].annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            model = inner
    return list(model.model_fields)


def expected(model: type[BaseModel], location: tuple[str | int, ...], message: str) -> str:
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
