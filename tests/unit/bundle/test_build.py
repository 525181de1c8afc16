"""What a build leaves behind: a whole new bundle, or the former one."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from conclave import contents
from conclave.bundle import Manifest, building, files, keys, signing, tools, verify
from conclave.bundle.cache import Cache
from conclave.contents import Contents
from conclave.errors import ConclaveError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conclave.bundle.context import Context, Result
    from conftest import Factory


def beside(out: Path) -> list[str]:
    return sorted(path.name for path in out.parent.iterdir() if path.name not in {"factory", out.name})


def failing(error: BaseException) -> building.Recipe:
    def obtain(_context: Context) -> Result:
        raise error

    return building.Recipe((), obtain)


def test_a_second_build_of_the_same_content_builds_nothing_and_keeps_the_bundle(
    factory: Factory, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    first = factory.build(out)
    before = files.sums(out)
    second = factory.build(out)
    assert first.new
    assert first.built == ["sample", "control"]
    assert not second.new
    assert second.built == []
    assert files.sums(out) == before


def test_only_the_part_that_changed_is_built_and_the_release_is_newer(factory: Factory, out: Path) -> None:
    first = Manifest.load(out)
    factory.content = "second"
    second = factory.build(out)
    assert second.built == ["sample"]
    assert second.manifest.serial > first.serial


def test_a_part_that_comes_back_to_former_content_gets_a_version_newer_to_apt(factory: Factory, out: Path) -> None:
    versions = [Manifest.load(out).parts[0].version]
    for content in ("second", "first"):
        factory.content = content
        versions.append(factory.build(out).manifest.parts[0].version)
    for older, newer in pairwise(versions):
        assert subprocess.run(["dpkg", "--compare-versions", older, "lt", newer], check=False).returncode == 0


@pytest.mark.parametrize("error", [ConclaveError("no"), KeyboardInterrupt()])
def test_a_build_that_fails_or_is_interrupted_leaves_the_former_bundle(
    factory: Factory, out: Path, error: BaseException
) -> None:
    before = files.sums(out)
    factory.content = "second"
    with pytest.raises(type(error)):
        factory.build(out, factory.recipes() | {"broken": failing(error)})
    assert files.sums(out) == before
    assert beside(out) == []


def test_an_interrupt_while_the_bundle_is_put_together_leaves_the_former_bundle(
    factory: Factory, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = files.sums(out)
    factory.content = "second"

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(signing, "sign", interrupted)
    with pytest.raises(KeyboardInterrupt):
        factory.build(out)
    assert files.sums(out) == before
    assert beside(out) == []


def test_a_bundle_moved_aside_by_a_killed_build_is_put_back(factory: Factory, out: Path) -> None:
    out.rename(out.with_name(".out.old"))
    assert not factory.build(out).new
    assert beside(out) == []


def test_what_a_killed_build_left_unfinished_is_removed(factory: Factory, out: Path) -> None:
    left = [factory.folder / "cache/.livekit-x", factory.folder / "cache/sample/.new-x", out.parent / ".out.new-x"]
    for folder in left:
        (folder / "files").mkdir(parents=True)
    factory.build(out)
    assert not [folder for folder in left if folder.exists()]


def test_a_damaged_cache_is_noticed_and_built_again(factory: Factory, out: Path) -> None:
    cached = next((factory.folder / "cache/sample").glob("*/files/*.deb"))
    cached.write_bytes(cached.read_bytes()[:-1] + b"?")
    assert factory.build(out).built == ["sample"]


def test_a_bundle_says_what_its_packages_hold_and_one_that_does_not_is_replaced(factory: Factory, out: Path) -> None:
    manifest = Manifest.load(out)
    sample = Contents.load(out / contents.NAME).packages["conclave-sample"]
    assert sample.version == manifest.parts[0].version
    assert sample.files == {"/usr/share/conclave/sample": hashlib.sha256(b"first").hexdigest()}
    assert manifest.files[contents.NAME].sha256 == files.sha256(out / contents.NAME)
    earlier = {name: entry for name, entry in manifest.files.items() if name != contents.NAME}
    (out / contents.NAME).unlink()
    (out / "manifest.json").write_text(manifest.model_copy(update={"files": earlier}).model_dump_json())
    shutil.rmtree(out / "tuf")
    listed = earlier | {"manifest.json": signing.Entry.of(out / "manifest.json")}
    signing.sign(out, listed, manifest.serial, factory.keys)
    assert factory.build(out).new


def test_a_damaged_bundle_is_replaced(factory: Factory, out: Path) -> None:
    (out / "manifest.json").write_text("{}")
    assert factory.build(out).new
    verify(out, factory.keys.root)


def test_a_bundle_shares_no_file_with_the_cache_and_fits_on_any_file_system(out: Path) -> None:
    for name in files.regular_files(out):
        path = out / name
        assert not path.is_symlink()
        assert path.stat().st_nlink == 1
        assert not re.search(r'[:*?"<>|\\]|[ .](/|$)', name), name


def test_the_bill_of_materials_is_valid_cyclonedx_and_names_each_component(out: Path) -> None:
    text = (out / "sbom.cdx.json").read_text()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    assert "conclave-sample" in text


def test_apt_installs_from_the_repository_and_refuses_it_once_touched(out: Path, tmp_path: Path) -> None:
    version = Manifest.load(out).parts[0].version
    apt = _apt(tmp_path, out)
    assert apt("update").returncode == 0
    assert f"sample_{version.replace(':', '%3a')}_all.deb" in apt("download", "--print-uris", "conclave-sample").stdout
    release = out / "apt/dists/site/InRelease"
    release.write_text(release.read_text().replace("Conclave", "Konclave"))
    touched = apt("update")
    assert touched.returncode != 0
    assert re.search("BAD|invalid|manipulated", touched.stderr), touched.stderr


def _apt(tmp_path: Path, out: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Return apt-get with the bundle as its only source, and nothing of this machine."""
    world = tmp_path / "world"
    for name in ("etc/apt.conf.d", "etc/sources.list.d", "state/lists/partial", "cache/archives/partial"):
        (world / name).mkdir(parents=True)
    (world / "status").touch()
    (world / "etc/sources.list.d/depot.sources").write_text(
        f"Types: deb\nURIs: file:{out}/apt\nSuites: site\nComponents: main\nSigned-By: {out}/apt/depot.gpg\n"
    )
    (world / "apt.conf").write_text(
        f'APT::Sandbox::User "root"; Dir::Etc "{world}/etc"; Dir::Etc::sourcelist "/dev/null";'
        f'Dir::Etc::sourceparts "{world}/etc/sources.list.d"; Dir::Etc::parts "{world}/etc/apt.conf.d";'
        f'Dir::State "{world}/state"; Dir::State::status "{world}/status"; Dir::Cache "{world}/cache";'
    )

    def apt(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["apt-get", "-q", "-o", "APT::Update::Error-Mode=any", *words],
            env={"APT_CONFIG": str(world / "apt.conf"), "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
            capture_output=True,
            text=True,
            check=False,
        )

    return apt


def test_no_agent_is_left_running_after_a_build(factory: Factory, out: Path) -> None:
    factory.content = "second"
    factory.build(out)
    listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert str(factory.keys.folder) not in listed


def test_missing_programs_are_named_with_their_packages_before_any_work(
    factory: Factory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConclaveError, match="not found: aptly, dpkg-deb, gpg, gpgconf") as refused:
        factory.build(tmp_path / "out")
    assert refused.value.todo == "apt-get install --no-install-recommends aptly dpkg gnupg"
    assert factory.built == 0


def test_every_program_of_the_real_parts_has_a_package() -> None:
    assert {program for recipe in building.PARTS.values() for program in recipe.programs} <= set(tools.PACKAGES)


def test_without_keys_the_build_says_how_to_make_them(factory: Factory, tmp_path: Path) -> None:
    shutil.rmtree(factory.keys.folder)
    with pytest.raises(ConclaveError, match="no signing keys") as refused:
        factory.build(tmp_path / "out")
    assert refused.value.todo == "conclave bundle keys new"


def test_two_builds_at_once_are_refused(factory: Factory, tmp_path: Path) -> None:
    with Cache(factory.folder / "cache").locked(), pytest.raises(ConclaveError, match="another bundle is being built"):
        factory.build(tmp_path / "out")


def test_a_failing_program_is_quoted_and_its_log_named(tmp_path: Path) -> None:
    runner = tools.Runner(tmp_path / "log")
    with pytest.raises(ConclaveError, match=r"(?s)sh failed with status 3.*the reason") as failed:
        runner.run(["sh", "-c", "echo the reason >&2; exit 3"])
    assert str(tmp_path / "log") in failed.value.todo


def test_a_site_with_the_first_root_accepts_bundles_after_the_root_was_renewed(
    factory: Factory, out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = shutil.copyfile(factory.keys.root, tmp_path / "site-root.json")
    monkeypatch.setattr(keys, "ROOT_RENEWAL", keys.ROOT_LIFE)
    factory.content = "second"
    factory.build(out)
    assert [path.name for path in factory.keys.roots()] == ["1.root.json", "2.root.json"]
    verify(out, first)
    verify(out, factory.keys.root)


def test_a_root_with_several_keys_needs_as_many_as_its_threshold(tmp_path: Path, session_keys: keys.Keys) -> None:
    made = keys.new(tmp_path / "keys", root_keys=3, threshold=2)
    assert len(made.root_signers()) == 3
    with pytest.raises(ConclaveError, match="4 of 3"):
        keys.new(tmp_path / "more", root_keys=3, threshold=4)
    with pytest.raises(ConclaveError, match="not empty"):
        keys.new(session_keys.folder)


def test_private_keys_are_readable_by_their_owner_only(session_keys: keys.Keys) -> None:
    assert session_keys.folder.stat().st_mode & 0o077 == 0
    for path in session_keys.folder.glob("*.pem"):
        assert path.stat().st_mode & 0o077 == 0
