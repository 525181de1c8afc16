"""A reload is judged by what nginx then does: files that pass its test may still not be taken."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from conclave_host import nginx

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILES = """
daemon off; pid {folder}/pid; error_log stderr crit; worker_processes 1;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
    uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
    limit_req_zone {key} zone=probe:1m rate=1r/m;
    server {{ listen unix:{folder}/socket; location / {{ limit_req zone=probe; return 404; }} }}
}}
"""


def place(folder: Path, key: str) -> None:
    (folder / "nginx.conf").write_text(FILES.format(folder=folder, key=key), encoding="utf-8")
    subprocess.run(["/usr/sbin/nginx", "-t", "-q", "-c", folder / "nginx.conf"], check=True, timeout=20)


@retry(retry=retry_if_exception_type(AssertionError), stop=stop_after_delay(10), wait=wait_fixed(0.05), reraise=True)
def started(master: int) -> None:
    assert nginx.children(master)


@pytest.fixture
def master(tmp_path: Path) -> Iterator[int]:
    place(tmp_path, "$binary_remote_addr")
    with subprocess.Popen(["/usr/sbin/nginx", "-c", tmp_path / "nginx.conf"]) as process:
        started(process.pid)
        yield process.pid
        process.terminate()
        process.wait(timeout=10)


def test_new_files_are_taken(master: int, tmp_path: Path) -> None:
    place(tmp_path, "$binary_remote_addr")
    assert nginx.main([str(master)]) == 0


def test_a_master_that_keeps_its_former_files_is_told(
    master: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    place(tmp_path, "$remote_addr")
    monkeypatch.setattr(nginx, "SECONDS", 1.0)
    assert nginx.main([str(master)]) == 1
    assert "former" in capsys.readouterr().err


def test_a_master_that_is_gone_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with subprocess.Popen(["/bin/true"]) as ended:
        ended.wait(timeout=10)
    assert nginx.main([str(ended.pid)]) == 1
    assert "does not run" in capsys.readouterr().err
