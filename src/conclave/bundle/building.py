"""Build a bundle: its parts, the signed apt repository, the manifest, the bill of materials and the signatures."""

from __future__ import annotations

import shutil
import tempfile
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tuf.api.metadata import Metadata, Timestamp

from conclave import contents
from conclave.bundle import files, keys, repository, sbom, signing, tools, verifying
from conclave.bundle.cache import STAMP, Cache, Part
from conclave.bundle.contents import read as read_contents
from conclave.bundle.context import Context, Reporter, Result
from conclave.bundle.manifest import NAME, Entry, Manifest, ManifestPart
from conclave.bundle.parts import control, debian, host, keycloak, livekit, portal, web
from conclave.errors import ConclaveError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# Two at a time: one mostly waits for the network while the other compiles.
_TOGETHER = 2
# Signed anew when less than this is left of its term, even if nothing else changed.
_RENEWAL = signing.FRESH * 2 / 3
# Before the first installation nothing at a site can check TUF's signatures. Debian's sha256sum can check this list,
# and people can compare its one checksum: it stands for every file that is run or trusted until then.
SUMS = "SHA256SUMS"
# The part whose files lie in the bundle as they are; all others are packages of the apt repository.
CONTROL = "control"


@dataclass(frozen=True)
class Recipe:
    """How a part is made, and with which programs."""

    programs: tuple[str, ...]
    obtain: Callable[[Context], Result]


PARTS = {
    "debian": Recipe(debian.PROGRAMS, debian.obtain),
    "livekit": Recipe(livekit.PROGRAMS, livekit.obtain),
    "keycloak": Recipe(keycloak.PROGRAMS, keycloak.obtain),
    "host": Recipe(host.PROGRAMS, host.obtain),
    "portal": Recipe(portal.PROGRAMS, portal.obtain),
    "web": Recipe(web.PROGRAMS, web.obtain),
    "control": Recipe(control.PROGRAMS, control.obtain),
}


@dataclass(frozen=True)
class Release:
    """A finished build.

    Parameters
    ----------
    manifest:
        The bundle's manifest.
    built:
        Names of the parts that were built now; the others came from the cache.
    new:
        False when the bundle that was there already is what would have been built.
    """

    manifest: Manifest
    built: list[str]
    new: bool


def build(
    root: Path,
    out: Path,
    reporter: Callable[[str], Reporter],
    *,
    parts: Mapping[str, Recipe] = PARTS,
    key_folder: Path | None = None,
    cache: Cache | None = None,
) -> Release:
    """Build a bundle, or find that the one that is there is up to date.

    Parameters
    ----------
    root:
        The project folder.
    out:
        Where the bundle goes; a bundle there is replaced as a whole, at the end.
    reporter:
        Gives what shows the progress of a part.
    parts:
        What to build; tests give small ones.
    key_folder:
        The signing keys; by default the operator's.
    cache:
        Finished parts; by default the operator's.

    Raises
    ------
    ConclaveError
        When a program, a key or an input is missing, or a part cannot be built. The former bundle is untouched.
    """
    tools.require([*repository.PROGRAMS, *(program for recipe in parts.values() for program in recipe.programs)])
    signing_keys = keys.load(key_folder)
    cache = cache or Cache()
    with cache.locked():
        out.parent.mkdir(parents=True, exist_ok=True)
        files.recover(out)
        keys.renew_root(signing_keys)
        former = _former(out)
        results = _obtain(root, cache, parts, former, reporter)
        built = [name for name, result in results.items() if result.fresh]
        finished = {name: result.part for name, result in results.items()}
        report = reporter("bundle")
        if former is not None and _current(out, former, finished, signing_keys):
            return Release(former, built, new=False)
        with tempfile.TemporaryDirectory(prefix=f".{out.name}.new-", dir=out.parent) as temporary:
            fresh = Path(temporary, out.name)
            serial = max(int(datetime.now(UTC).strftime(STAMP)), former.serial + 1 if former else 1)
            runner = tools.Runner(cache.folder / "logs/bundle.log")
            manifest = _assemble(fresh, finished, signing_keys, serial, runner, report)
            report.step("checking")
            verifying.verify(fresh, signing_keys.root, former.model_dump(mode="json") if former else None)
            files.replace(out, fresh)
        return Release(manifest, built, new=True)


def _obtain(
    root: Path,
    cache: Cache,
    parts: Mapping[str, Recipe],
    former: Manifest | None,
    reporter: Callable[[str], Reporter],
) -> dict[str, Result]:
    """Return all parts; when one fails or the operator interrupts, what still runs is ended."""
    known = {part.name: (part.digest, part.stamp) for part in former.parts} if former else {}
    contexts = {
        name: Context(
            root=root,
            cache=cache,
            runner=tools.Runner(cache.folder / f"logs/{name}.log"),
            report=reporter(name),
            previous=known.get(name, ("", "")),
        )
        for name in parts
    }
    with ThreadPoolExecutor(_TOGETHER) as executor:
        jobs = {name: executor.submit(recipe.obtain, contexts[name]) for name, recipe in parts.items()}
        try:
            wait(jobs.values(), return_when=FIRST_EXCEPTION)
            failed = [job for job in jobs.values() if job.done() and job.exception()]
            if failed:
                failed[0].result()
        except BaseException:
            executor.shutdown(wait=False, cancel_futures=True)
            for context in contexts.values():
                context.runner.stop()
            raise
    return {name: job.result() for name, job in jobs.items()}


def _former(out: Path) -> Manifest | None:
    """Return the manifest of the bundle that is to be replaced, if there is one."""
    try:
        return Manifest.load(out)
    except ConclaveError:
        return None


def _current(out: Path, former: Manifest, parts: Mapping[str, Part], signing_keys: keys.Keys) -> bool:
    """Tell whether a build would give the same bundle again, with enough of its term left."""
    if {(p.name, p.digest, p.stamp) for p in former.parts} != {(p.name, p.digest, p.stamp) for p in parts.values()}:
        return False
    # Builds of earlier releases did not say what their packages hold.
    if contents.NAME not in former.files:
        return False
    try:
        verifying.verify(out, signing_keys.root)
        timestamp = Metadata[Timestamp].from_file(str(out / signing.FOLDER / "timestamp.json")).signed
    except ConclaveError:
        return False
    return bool(timestamp.expires - datetime.now(UTC) > _RENEWAL)


def _assemble(  # noqa: PLR0917 - each is another thing
    fresh: Path, parts: Mapping[str, Part], signing_keys: keys.Keys, serial: int, runner: tools.Runner, report: Reporter
) -> Manifest:
    fresh.mkdir()
    report.step("apt repository")
    packages = [part.files for name, part in parts.items() if name != CONTROL]
    repository.publish(packages, fresh / "apt", signing_keys.apt, runner)
    report.step("contents of packages")
    held = read_contents(fresh / "apt").model_dump_json(indent=1, exclude_defaults=True)
    (fresh / contents.NAME).write_text(held + "\n")
    if CONTROL in parts:
        files.copy_tree(parts[CONTROL].files, fresh / CONTROL)
    created = datetime.now(UTC).replace(microsecond=0)
    report.step("bill of materials")
    (fresh / sbom.NAME).write_text(sbom.write(parts.values(), serial, created))
    report.step("manifest")
    # For who has neither this software nor these keys yet: see `SUMS`.
    shutil.copyfile(signing_keys.root, fresh / signing_keys.root.name)
    listed = {name: Entry.of(fresh / name) for name in files.regular_files(fresh)}
    (fresh / SUMS).write_text("".join(f"{entry.sha256}  {name}\n" for name, entry in sorted(listed.items())))
    listed[SUMS] = Entry.of(fresh / SUMS)
    manifest = Manifest(
        serial=serial,
        created=created,
        apt_key=repository.fingerprint(signing_keys.apt, runner),
        parts=[_describe(part) for part in parts.values()],
        files=listed,
    )
    (fresh / NAME).write_text(manifest.model_dump_json(indent=1) + "\n")
    report.step("signing")
    signing.sign(fresh, listed | {NAME: Entry.of(fresh / NAME)}, serial, signing_keys)
    return manifest


def _describe(part: Part) -> ManifestPart:
    size = sum((part.files / name).stat().st_size for name in part.sums)
    return ManifestPart(name=part.name, version=part.version, digest=part.digest, stamp=part.stamp, size=size)
