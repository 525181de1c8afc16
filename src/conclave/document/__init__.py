"""Documents of a site for people: one calm style on paper and screen, in German and English, nothing fetched."""

from conclave.document.printing import pdf
from conclave.document.rendering import Language, html, imprint

__all__ = ["Language", "html", "imprint", "pdf"]
