"""The controls as data: `controls/*.yml`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from ruamel.yaml import YAML

from conclave import paths
from conclave.errors import ConclaveError, ExitCode

if TYPE_CHECKING:
    from pathlib import Path

Severity = Literal["critical", "high", "medium", "low"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Text(_Strict):
    """One text in both languages."""

    de: str = Field(min_length=5)
    en: str = Field(min_length=5)


class Reference(_Strict):
    """A point of a law that a control evidences or supports; a machine never says that it fulfils it."""

    law: Literal["nis2", "nis2-2690", "dora", "dora-1774"]
    point: str
    relation: Literal["evidences", "supports"]


class Control(_Strict):
    """One promise of the product, what it is for in law, and what its check does not show."""

    id: str = Field(pattern=r"^[A-Z]{3}-[0-9]{2}$")
    title: Text
    severity: Severity
    references: list[Reference] = Field(min_length=1)
    does_not_show: Text


class ControlFile(_Strict):
    """The controls of one area."""

    controls: list[Control] = Field(min_length=1)


def load(folder: Path | None = None) -> dict[str, Control]:
    """Return all controls by id.

    Raises
    ------
    ConclaveError
        When a file does not fit the schema or an id is defined twice.
    """
    found: dict[str, Control] = {}
    source = folder or paths.project_root() / "controls"
    for file in sorted(source.glob("*.yml")):
        try:
            part = ControlFile.model_validate(YAML(typ="safe", pure=True).load(file.read_text(encoding="utf-8")))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise ConclaveError(
                f"{file.name}: {where}: {first['msg']}", todo="correct that entry", exit_code=ExitCode.INPUT
            ) from error
        for one in part.controls:
            if one.id in found:
                raise ConclaveError(
                    f"{file.name}: {one.id} is defined twice", todo="give one another id", exit_code=ExitCode.INPUT
                )
            found[one.id] = one
    return found
