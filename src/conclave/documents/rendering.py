"""Templates in, one self-contained HTML page out."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateNotFound

from conclave.errors import ConclaveError
from conclave.paths import project_root
from conclave.release import release
from conclave.text import translations

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from conclave.language import Language

_MOMENTS = {"de": "%d.%m.%Y, %H:%M Uhr (%Z)", "en": "%Y-%m-%d, %H:%M (%Z)"}


def html(template: str, language: Language, data: Mapping[str, Any]) -> str:
    """Return a document as one HTML page that needs nothing beside it.

    Parameters
    ----------
    template:
        Name of a file in ``templates/`` without ``.html.j2``. It extends ``document.html.j2`` and marks every text for
        the catalogues: ``{{ _("Port") }}``. A name without a value is an error.
    language:
        ``de`` or ``en``.
    data:
        What the template shows, and what ``imprint`` returns: ``site``, ``made`` and ``release``.

    Raises
    ------
    ConclaveError
        When there is no such template.
    """
    environment = _environment(project_root() / "templates")
    try:
        found = environment.get_template(f"{template}.html.j2")
    except TemplateNotFound as error:
        known = sorted(name.removesuffix(".html.j2") for name in environment.list_templates(["j2"]))
        raise ConclaveError(f"no document {error.name!r}", expected=f"one of: {', '.join(known)}") from error

    shown = {"language": language, "_": translations(language).gettext, "moment": _moment(language)}
    return found.render({**shown, **data})


def imprint(site: str, made: datetime | None = None) -> dict[str, Any]:
    """Return what stands on every document: the site, when it was made (now, unless given), and by which release."""
    return {"site": site, "made": made or datetime.now(tz=UTC), "release": release()}


def _moment(language: Language) -> Any:  # noqa: ANN401 - a function of one argument, for the template
    def moment(value: datetime) -> str:
        """Show a point in time with its zone, as people in this language write it."""
        return value.strftime(_MOMENTS[language])

    return moment


@cache
def _environment(folder: Path) -> Environment:
    return Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
