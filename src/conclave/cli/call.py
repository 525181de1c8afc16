"""`conclave call`: hold a call of synthetic participants and measure it."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from conclave.cli.arguments import AsJson, LabName, SiteName, exit_codes, finish
from conclave.errors import ConclaveError, ExitCode

if TYPE_CHECKING:
    from rich.console import Console

    from conclave.call.result import CallResult, Participant, Reception

MOST = 16


class MediaPath(StrEnum):
    """How media of a participant outside gets to the site; all but `any` block every other path."""

    ANY = "any"
    UDP4 = "udp4"
    UDP6 = "udp6"
    TCP4 = "tcp4"
    TURN4 = "turn4"


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(epilog=exit_codes(ExitCode.FAILED, ExitCode.INPUT, ExitCode.MACHINE, ExitCode.NOT_READY))(call)


def call(
    site: SiteName,
    *,
    participants: Annotated[int, typer.Option(min=2, max=MOST, help="Number of participants.")] = 2,
    seconds: Annotated[float, typer.Option(min=1, help="Time to measure, after everybody receives everybody.")] = 20,
    outside: Annotated[
        int, typer.Option(min=0, max=MOST, help="Number of further participants outside the site (lab).")
    ] = 0,
    outside_path: Annotated[
        list[MediaPath] | None,
        typer.Option(help="The only media path open to those outside; several take turns. Default: any."),
    ] = None,
    wrong_key: Annotated[
        bool, typer.Option("--wrong-key", help="Add a participant with another key, who must decode nothing.")
    ] = False,
    browser: Annotated[
        bool, typer.Option("--browser", help="Let a headless Chromium plan the meeting and take part (lab).")
    ] = False,
    screenshot: Annotated[Path | None, typer.Option(help="File for a screenshot of the browser in the call.")] = None,
    json: AsJson = False,
    lab_name: LabName = None,
) -> None:
    """Hold an encrypted call of synthetic participants and measure it: frames, gaps, audio, path, encryption."""
    import asyncio

    from conclave import lab, names
    from conclave.call.session import Plan
    from conclave.call.site import hold_at_site
    from conclave.site import read

    lab.enter(site, lab_name)
    if participants + outside > MOST:
        raise ConclaveError(
            f"{participants} participants and {outside} outside",
            expected=f"at most {MOST} in all",
            exit_code=ExitCode.INPUT,
        )
    paths = [path.value for path in outside_path or [MediaPath.ANY]]
    found = read.load(site)
    names.require(found)
    plan = Plan(
        site=found.name,
        participants=participants,
        outside=tuple(paths[number % len(paths)] for number in range(outside)),
        seconds=seconds,
        wrong_key=wrong_key,
    )
    if browser:
        from conclave.call.with_browser import hold_with_browser

        result = asyncio.run(hold_with_browser(found, plan, screenshot))
    else:
        result = asyncio.run(hold_at_site(found, plan))
    finish(result, show, json=json)


def show(result: CallResult, console: Console) -> None:
    """Print the result for people: one row per receiver and sender."""
    from rich import box
    from rich.table import Table

    title = f"{result.site}: {len(result.participants)} participants, {result.seconds:.0f} s"
    table = Table(title=title, box=box.SIMPLE, title_justify="left", pad_edge=False, padding=(0, 1))
    for heading in ("from", "to"):
        table.add_column(heading, no_wrap=True)
    for heading in ("frames", "gap", "tone", "level", "join"):
        table.add_column(heading, justify="right", no_wrap=True)
    for heading in ("path", "cipher"):
        table.add_column(heading, no_wrap=True)
    for participant in result.participants:
        for reception in participant.receives:
            table.add_row(*_row(participant, reception))
        table.add_section()
    console.print(table)
    _notes(result, console)


def _notes(result: CallResult, console: Console) -> None:
    from conclave.call.judge import BUSY

    for participant in result.participants:
        if participant.zone == "outside":
            console.print(
                f"{participant.name} is outside ({participant.bound}): {participant.path}, "
                f"{participant.address or 'nowhere'} to {participant.server_address or 'nobody'}",
                highlight=False,
            )
    if outsider := result.wrong_key:
        console.print(
            f"{outsider.name}: {outsider.packets_received} packets received, "
            f"{outsider.frames_decoded} frames and {outsider.tones_heard} blocks of audio decoded"
        )
    if result.machine_busy > BUSY and not result.ok:
        share = f"{100 * result.machine_busy:.0f} %"
        console.print(f"this machine was busy: {share} of the time something waited for a processor", style="yellow")
    if seen := result.browser:
        frames = ", ".join(str(track.frames_decoded) for track in seen.tracks if track.kind == "video")
        heard = sum(track.audio_energy > 0 for track in seen.tracks if track.kind == "audio")
        console.print(f"Chromium ({seen.name}): joined in {seen.join_ms} ms, decoded {frames} frames, hears {heard}")
    console.print("every track end-to-end encrypted" if result.encrypted else "NOT every track was encrypted")
    for notice in result.notices:
        console.print(f"notice: {notice}", style="yellow", markup=False)
    for problem in result.problems:
        console.print(f"problem: {problem}", style="red", markup=False)


def _row(participant: Participant, reception: Reception) -> tuple[str, ...]:
    join = (participant.admission_ms or 0) + (participant.connect_ms or 0)
    sent = "?" if reception.frames_sent is None else str(reception.frames_sent)
    return (
        reception.sender,
        participant.name,
        f"{reception.frames_decoded}/{sent}",
        f"{reception.longest_gap_ms} ms",
        f"{reception.tone_hz} Hz" if reception.tone_hz else "-",
        f"{reception.tone_level_dbfs:.0f} dB" if reception.tone_level_dbfs is not None else "-",
        f"{join} ms",
        participant.path,
        ", ".join(sorted({track.encryption for track in reception.tracks})),
    )
