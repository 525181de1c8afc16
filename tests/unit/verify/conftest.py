"""The checks' own modules, which operators' suites import by plain names."""

from __future__ import annotations

import sys

from conclave import paths

sys.path.insert(0, str(paths.project_root() / "checks"))
