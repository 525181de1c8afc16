"""Health: the address is public, so questions are bundled."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.cache import cache

from conclave_portal import health

pytestmark = pytest.mark.usefixtures("valkey")


def test_many_questions_at_once_ask_the_services_once(monkeypatch: pytest.MonkeyPatch) -> None:
    cache.clear()
    health._last.clear()  # noqa: SLF001 - as after a start
    asked: list[int] = []
    all_here = threading.Barrier(8)

    def probe() -> None:
        asked.append(1)

    monkeypatch.setattr(health, "PROBES", {"database": probe})

    def question(_number: int) -> object:
        all_here.wait(10)
        return health._remembered()  # noqa: SLF001

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(question, range(8))) == [{"database": "ok"}] * 8
    assert len(asked) == 1
