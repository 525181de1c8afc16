"""A dry run says what a real one would restart, and who would notice."""

from __future__ import annotations

import re

from conclave.deploy import interruptions
from conclave.deploy.progress import Progress
from conclave.paths import project_root

from .test_progress import event, stats, task


def test_every_handler_that_is_explained_exists() -> None:
    files = (project_root() / "roles").glob("*/handlers/main.yml")
    known = {name for file in files for name in re.findall(r"^- name: (.+)$", file.read_text(), re.MULTILINE)}
    assert set(interruptions.NOTICED) <= known


def test_handlers_of_changed_files_are_gathered_once_by_host() -> None:
    progress = Progress()
    changed = {"res": {"changed": True, "notify": ["Restart livekit", "Apply mode"]}}
    task(progress, "livekit", "Place files", media1=changed, edge1={"res": {"changed": False, "notify": []}})
    task(progress, "mode", "Place files", media1={"res": {"changed": True, "notify": ["Apply mode"]}})
    stats(progress, ok={"media1": 2, "edge1": 1}, changed={"media1": 2})
    assert progress.summary()["handlers"] == {"media1": ["Restart livekit", "Apply mode"]}


def test_who_is_interrupted_is_told_first() -> None:
    lines = list(interruptions.told({"media1": ["Apply mode", "Restart livekit"]}))
    assert lines == [
        "media1: would then restart livekit: calls on this host stop for some seconds, then go on by themselves",
        "media1: would then apply mode",
    ]


def test_handlers_that_a_task_of_its_own_asks_for_are_gathered_too() -> None:
    progress = Progress()
    task(progress, "livekit", "Place files", media1={"res": {"changed": True, "notify": ["Restart livekit"]}})
    for handler in ("livekit : Restart livekit", "site_ca : Reload users of the certificate"):
        progress.event(event("playbook_on_notify", host="media1", handler=handler))
    wanted = ["Restart livekit", "Reload users of the certificate"]
    assert progress.summary()["handlers"] == {"media1": wanted}
