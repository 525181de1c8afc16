"""HTML in, PDF out: WeasyPrint with the machine's own fonts, and without any way to fetch something."""

from __future__ import annotations

import logging

from conclave.errors import ConclaveError, ExitCode

# What Debian 12 and 13 call the libraries and fonts; requirements/debian.txt and packages/debian.yml list them, too.
PACKAGES = ("fonts-dejavu-core", "fonts-lato", "libharfbuzz-subset0", "libpango-1.0-0", "libpangoft2-1.0-0")


def pdf(html: str) -> bytes:
    """Return an HTML page as PDF/UA-1, A4: tagged, so that a screen reader can follow it.

    The same page gives the same bytes.

    Raises
    ------
    ConclaveError
        When this machine lacks the libraries of WeasyPrint, or the page refers to something outside itself.
    """
    try:
        import weasyprint  # noqa: PLC0415 - it loads shared libraries, which only printing needs
    except OSError as error:
        raise ConclaveError(
            f"this machine cannot make PDF files: {error}",
            expected="the libraries and fonts that WeasyPrint prints with",
            todo=f"apt-get install {' '.join(PACKAGES)}",
            exit_code=ExitCode.MACHINE,
        ) from error
    # It reports every property of a browser's style sheet that paper has no use for.
    logging.getLogger("weasyprint").setLevel(logging.ERROR)
    logging.getLogger("fontTools").setLevel(logging.ERROR)
    nothing = weasyprint.urls.URLFetcher(allowed_protocols=["data"], fail_on_errors=True)
    try:
        page = weasyprint.HTML(string=html, url_fetcher=nothing)
        made: bytes = page.write_pdf(pdf_variant="pdf/ua-1", pdf_identifier=b"conclave")
    except weasyprint.urls.FatalURLFetchingError as error:
        raise ConclaveError(
            f"the document refers to an external resource: {error}", expected="a self-contained page"
        ) from error
    return made
