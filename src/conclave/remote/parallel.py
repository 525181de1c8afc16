"""Many hosts side by side; one that does not answer holds nobody up."""

from __future__ import annotations

import queue
import threading
import time
from typing import TYPE_CHECKING

from conclave.errors import ConclaveError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def together[T, R](
    whom: Iterable[T], act: Callable[[T], R], seconds: float | None = None
) -> list[tuple[T, R | ConclaveError | TimeoutError]]:
    """Do something for all at once.

    Parameters
    ----------
    whom:
        For whom.
    act:
        What to do; it runs in a thread of its own for each.
    seconds:
        Who has not answered by then is left behind with a `TimeoutError`: the thread goes on, nobody waits for it, not
        even the end of the program.

    Returns
    -------
    What came out, or why nothing did, in the order of ``whom``.

    Raises
    ------
    Exception
        The first that is no `ConclaveError`: a mistake of ours, not a host's.
    """
    asked = list(whom)
    answers: queue.SimpleQueue[tuple[int, R | BaseException]] = queue.SimpleQueue()

    def one(index: int) -> None:
        try:
            answers.put((index, act(asked[index])))
        except BaseException as error:  # noqa: BLE001 - raised where somebody waits for it
            answers.put((index, error))

    for index in range(len(asked)):
        threading.Thread(target=one, args=(index,), daemon=True).start()
    end = None if seconds is None else time.monotonic() + seconds
    came: dict[int, R | ConclaveError | TimeoutError] = {}
    while len(came) < len(asked):
        try:
            index, answer = answers.get(timeout=None if end is None else max(0.0, end - time.monotonic()))
        except queue.Empty:
            break
        if isinstance(answer, BaseException) and not isinstance(answer, ConclaveError):
            raise answer
        came[index] = answer
    return [(one, came.get(index, TimeoutError(f"no answer within {seconds} s"))) for index, one in enumerate(asked)]
