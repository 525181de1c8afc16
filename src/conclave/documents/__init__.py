"""Documents for people, on paper and screen, in German and English, and the generated pages of docs/."""

from conclave.documents.printing import pdf
from conclave.documents.rendering import html, imprint

__all__ = ["html", "imprint", "pdf"]
