"""Documents for people, on paper and screen, in German and English."""

from conclave.documents.printing import pdf
from conclave.documents.rendering import html, imprint

__all__ = ["html", "imprint", "pdf"]
