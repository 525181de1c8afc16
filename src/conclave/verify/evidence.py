"""What a verification leaves behind: one JSON file per control and place, and one for the whole run."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from conclave import paths
from conclave.verify.controls import Severity, Text

if TYPE_CHECKING:
    from pathlib import Path

Outcome = Literal["pass", "fail", "error", "not_applicable"]
WORST_FIRST: tuple[Outcome, ...] = ("fail", "error", "pass", "not_applicable")


class Evidence(BaseModel):
    """The result of one check at one place."""

    model_config = ConfigDict(extra="forbid")

    schema_version: Literal[1] = 1
    control: str
    title: Text
    severity: Severity
    check: str
    host: str | None = Field(description="None for a check of the site as a whole.")
    outcome: Outcome
    reason: str = Field(description="Why it is not a pass; empty for one.")
    observed: dict[str, Any]
    started_at: dt.datetime
    seconds: float


class Run(BaseModel):
    """One verification of a site."""

    model_config = ConfigDict(extra="forbid")

    schema_version: Literal[1] = 1
    site: str
    release: str
    started_at: dt.datetime
    seconds: float
    drills: bool
    results: list[Evidence]

    @property
    def ok(self) -> bool:
        """Something was looked at and nothing was found wrong."""
        looked = [result for result in self.results if result.outcome != "not_applicable"]
        return bool(looked) and all(result.outcome == "pass" for result in looked)

    def counts(self) -> dict[Outcome, int]:
        """Return how many results have each outcome."""
        return {outcome: sum(result.outcome == outcome for result in self.results) for outcome in WORST_FIRST}


def folder(site: str, started_at: dt.datetime) -> Path:
    """Return the folder of one run's evidence."""
    return paths.verifications(site) / started_at.strftime("%Y%m%dT%H%M%SZ")


def write(run: Run) -> Path:
    """Write a run's evidence and return its folder."""
    place = folder(run.site, run.started_at)
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    for result in run.results:
        name = f"{result.control}-{result.check}-{result.host or 'site'}.json"
        (place / name).write_text(result.model_dump_json(indent=2) + "\n", encoding="utf-8")
    (place / "run.json").write_text(run.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return place
