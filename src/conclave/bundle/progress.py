"""Show how a build gets on: bars on a terminal, one line a step elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

if TYPE_CHECKING:
    from types import TracebackType


class Steps:
    """Shows all parts of a build on standard error; use it as a context manager and call it with a part's name."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._progress = Progress(
            SpinnerColumn(finished_text="✓"),
            TextColumn("{task.description:<9}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[step]}"),
            DownloadColumn(),
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
        )

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def __call__(self, part: str) -> _Step:
        """Return what shows one part."""
        return _Step(self._progress, self._console, part)


class _Step:
    """One part's line; it appears with the first step."""

    def __init__(self, progress: Progress, console: Console, part: str) -> None:
        self._progress = progress
        self._console = console
        self._part = part
        self._task: TaskID | None = None

    def step(self, text: str) -> None:
        """Say what is being done now."""
        if not self._console.is_terminal:
            self._console.print(f"{self._part}: {text}", highlight=False, markup=False)
            return
        if self._task is None:
            self._task = self._progress.add_task(self._part, total=None, step=text)
        else:
            self._progress.reset(self._task, total=None, step=text)

    def amount(self, done: int, total: int) -> None:
        """Say how many bytes of how many are done."""
        if self._task is not None:
            self._progress.update(self._task, completed=done, total=total)
