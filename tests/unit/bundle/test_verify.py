"""What is refused, and why; each reason has an error and an exit code of its own."""

from __future__ import annotations

import json
import shutil
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from conclave import cli
from conclave.bundle import Manifest, files, keys, outcome, signing, verify
from conclave.errors import ConclaveError, ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DAY = timedelta(days=1)


def flip(path: Path, at: int = -1) -> None:
    """Change one bit, in the middle unless told where."""
    content = bytearray(path.read_bytes())
    content[at if at >= 0 else len(content) // 2] ^= 1
    path.write_bytes(content)


def package(bundle: Path) -> Path:
    return next(bundle.glob("apt/pool/**/*.deb"))


def installed(bundle: Path, **changes: int | str) -> dict[str, object]:
    return json.loads((bundle / "manifest.json").read_text()) | changes


def sign_again(bundle: Path, signing_keys: keys.Keys, now: datetime | None = None) -> None:
    """Sign a bundle as it is, at another time or with other keys."""
    shutil.rmtree(bundle / "tuf")
    manifest = Manifest.load(bundle)
    listed = manifest.files | {"manifest.json": signing.Entry.of(bundle / "manifest.json")}
    signing.sign(bundle, listed, manifest.serial, signing_keys, now)


def test_a_whole_bundle_is_accepted_and_its_manifest_returned(bundle: Path, root: Path) -> None:
    manifest = verify(bundle, root)
    assert [part.name for part in manifest.parts] == ["sample", "control"]
    assert "apt/dists/site/InRelease" in manifest.files


def test_a_whole_bundle_is_accepted_from_another_folder_and_with_a_relative_path(
    bundle: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved = bundle.rename(bundle.with_name("usb stick ü"))
    monkeypatch.chdir(moved.parent)
    assert verify(moved.relative_to(moved.parent), root).serial


def test_a_flipped_bit_in_any_file_is_refused(bundle: Path, root: Path) -> None:
    for name in files.regular_files(bundle):
        whole = (bundle / name).read_bytes()
        flip(bundle / name)
        with pytest.raises((outcome.DamagedError, outcome.UnknownKeyError, outcome.TruncatedError)) as refused:
            verify(bundle, root)
        if not name.startswith("tuf/"):
            assert refused.type is outcome.DamagedError
            assert name in refused.value.found
        (bundle / name).write_bytes(whole)
    verify(bundle, root)


@pytest.mark.parametrize("name", ["timestamp.json", "*.snapshot.json", "*.targets.json", "1.root.json"])
def test_a_flipped_digit_of_a_signature_is_damage_not_a_foreign_key(bundle: Path, root: Path, name: str) -> None:
    path = next((bundle / "tuf").glob(name))
    text = path.read_text()
    at = text.index('"sig":"') + 20
    path.write_text(text[:at] + ("0" if text[at] != "0" else "1") + text[at + 1 :])
    with pytest.raises(outcome.DamagedError):
        verify(bundle, root)


def test_a_missing_file_is_refused(bundle: Path, root: Path) -> None:
    package(bundle).unlink()
    with pytest.raises(outcome.MissingFileError, match=r"conclave-sample.* is missing from the bundle"):
        verify(bundle, root)


def test_a_missing_manifest_is_refused(bundle: Path, root: Path) -> None:
    (bundle / "manifest.json").unlink()
    with pytest.raises(outcome.MissingFileError, match=r"manifest\.json"):
        verify(bundle, root)


@pytest.mark.parametrize("name", ["apt/pool/main/x.deb", "autorun.inf", "tuf/2.root.jsom", "tuf/1.targets.json"])
def test_an_extra_file_is_refused(bundle: Path, root: Path, name: str) -> None:
    (bundle / name).write_text("{}")
    with pytest.raises(outcome.ExtraFileError, match=name):
        verify(bundle, root)


def test_an_extra_symbolic_link_is_refused_even_to_a_folder(bundle: Path, root: Path) -> None:
    (bundle / "apt/more").symlink_to(bundle.parent)
    with pytest.raises(outcome.ExtraFileError, match="apt/more"):
        verify(bundle, root)


def test_a_link_in_the_place_of_a_file_is_refused(bundle: Path, root: Path) -> None:
    aside = package(bundle).rename(bundle.with_name("aside.deb"))
    path = next(name for name in Manifest.load(bundle).files if name.endswith(".deb"))
    (bundle / path).symlink_to(aside)
    with pytest.raises((outcome.DamagedError, outcome.TruncatedError)):
        verify(bundle, root)


def test_a_file_that_ends_too_early_is_a_truncated_bundle(bundle: Path, root: Path) -> None:
    path = package(bundle)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(outcome.TruncatedError, match="ends after"):
        verify(bundle, root)


def test_a_copy_that_was_cut_off_is_truncated_even_if_later_files_are_missing(bundle: Path, root: Path) -> None:
    names = files.regular_files(bundle)
    cut = names.index("manifest.json")
    (bundle / names[cut]).write_bytes(b"{")
    (bundle / "sbom.cdx.json").unlink()
    with pytest.raises(outcome.TruncatedError):
        verify(bundle, root)


@pytest.mark.parametrize("name", ["timestamp.json", "*.snapshot.json", "*.targets.json"])
def test_a_signature_that_ends_too_early_or_is_missing_is_a_truncated_bundle(
    bundle: Path, root: Path, name: str
) -> None:
    path = next((bundle / "tuf").glob(name))
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(outcome.TruncatedError):
        verify(bundle, root)
    path.unlink()
    with pytest.raises(outcome.TruncatedError):
        verify(bundle, root)


def test_a_bundle_signed_with_other_keys_is_refused(bundle: Path, root: Path, tmp_path: Path) -> None:
    sign_again(bundle, keys.new(tmp_path / "other"))
    with pytest.raises(outcome.UnknownKeyError, match="does not trust"):
        verify(bundle, root)


def test_a_bundle_whose_term_has_passed_is_refused(bundle: Path, root: Path, session_keys: keys.Keys) -> None:
    sign_again(bundle, session_keys, datetime.now(UTC) - signing.FRESH - DAY)
    with pytest.raises(outcome.ExpiredError):
        verify(bundle, root)


def test_a_bundle_is_accepted_until_the_end_of_its_term(bundle: Path, root: Path, session_keys: keys.Keys) -> None:
    sign_again(bundle, session_keys, datetime.now(UTC) - signing.FRESH + DAY)
    verify(bundle, root)


def test_the_installed_release_itself_is_accepted_after_its_term_so_that_a_site_can_be_repaired(
    bundle: Path, root: Path, session_keys: keys.Keys
) -> None:
    made = datetime.now(UTC) - 2 * signing.FRESH
    manifest = Manifest.load(bundle).model_copy(update={"created": made})
    (bundle / "manifest.json").write_text(manifest.model_dump_json())
    sign_again(bundle, session_keys, made)
    with pytest.raises(outcome.ExpiredError):
        verify(bundle, root)
    verify(bundle, root, installed(bundle))
    with pytest.raises(outcome.ExpiredError):
        verify(bundle, root, installed(bundle, serial=1))


def test_a_bundle_older_than_the_installed_one_is_refused(bundle: Path, root: Path) -> None:
    with pytest.raises(outcome.OlderError, match="older than the installed 99999999999999"):
        verify(bundle, root, installed(bundle, serial=99999999999999))


def test_another_bundle_with_the_installed_number_is_refused(bundle: Path, root: Path) -> None:
    with pytest.raises(outcome.OlderError, match="differs from it"):
        verify(bundle, root, installed(bundle, apt_key="0" * 40))


def test_the_installed_bundle_and_a_newer_one_are_accepted(bundle: Path, root: Path) -> None:
    verify(bundle, root, installed(bundle))
    verify(bundle, root, installed(bundle, serial=1))


def test_a_folder_without_a_bundle_is_refused(tmp_path: Path, root: Path) -> None:
    with pytest.raises(outcome.NotABundleError):
        verify(tmp_path / "nothing", root)


def test_a_root_of_trust_that_is_none_is_refused(bundle: Path, tmp_path: Path) -> None:
    with pytest.raises(ConclaveError, match="not a root of trust"):
        verify(bundle, tmp_path / "root.json")
    (tmp_path / "root.json").write_text("{}")
    with pytest.raises(ConclaveError, match="not a root of trust"):
        verify(bundle, tmp_path / "root.json")


def test_every_refusal_has_an_exit_code_of_its_own() -> None:
    kinds = outcome.RefusedError.__subclasses__()
    codes = {int(kind.outcome) for kind in kinds}
    assert codes == {code for code in ExitCode if code.name.startswith("BUNDLE_")}
    assert len(codes) == len(kinds)


def _cut(bundle: Path) -> None:
    path = package(bundle)
    path.write_bytes(path.read_bytes()[:-1])


@pytest.mark.parametrize(
    ("damage", "code", "name"),
    [
        (lambda bundle: flip(package(bundle)), 21, "damaged"),
        (lambda bundle: package(bundle).unlink(), 22, "missing_file"),
        (lambda bundle: (bundle / "more").write_text(""), 23, "extra_file"),
        (_cut, 24, "truncated"),
    ],
)
def test_the_command_ends_with_the_code_of_the_reason_and_says_it_as_json(
    bundle: Path,
    root: Path,
    damage: Callable[[Path], object],
    code: int,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    damage(bundle)
    words = ["bundle", "verify", "--bundle", str(bundle), "--root", str(root), "--json"]
    monkeypatch.setattr(sys, "argv", ["conclave", *words])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == code
    said = capsys.readouterr()
    answer = json.loads(said.out)
    assert answer["outcome"] == name
    assert answer["exit_code"] == code
    assert "do:" in said.err
