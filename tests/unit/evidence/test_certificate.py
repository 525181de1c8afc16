"""An evidence file vouches for itself: each kind of damage has a sentence and an exit code of its own."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.unit.evidence import example
from typer.testing import CliRunner

from conclave import cli, documents
from conclave.cli import evidence as commands
from conclave.errors import ConclaveError, ExitCode
from conclave.evidence import certificate, chain, publish, signature

if TYPE_CHECKING:
    from collections.abc import Callable

    from conclave.language import Language


# Made and signed by the release before the rendered rules stood in the evidence.
KEPT = Path(__file__).parent / "kept"


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the site's key, an officer's, a stranger's, and the list that names the first two."""
    folder = tmp_path_factory.mktemp("keys")
    for name in ("site", "officer", "stranger"):
        signature.new_key(folder / name, name)
    rows = [
        signature.allowed_line(f"{name}@lab.example", (folder / f"{name}.pub").read_text(encoding="utf-8"))
        for name in ("site", "officer")
    ]
    (folder / "allowed_signers").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder


@pytest.fixture
def file(tmp_path: Path, keys: Path) -> Path:
    """Return a signed evidence file of a clean proof."""
    return made(tmp_path / "proof.jsonl", keys, example.proof())


def made(path: Path, keys: Path, lines: list[dict[str, Any]]) -> Path:
    stream, book = example.written(lines)
    certificate.conclude(book)
    path.write_bytes(stream.getvalue())
    certificate.add_signature(path, keys / "site")
    return path


def verified(file: Path, keys: Path) -> list[str]:
    return [one.name for one in certificate.verify(certificate.load(file), keys / "allowed_signers")]


def exit_code(file: Path, keys: Path, *more: str) -> int:
    words = ["verify", str(file), "--signers", str(keys / "allowed_signers"), *more]
    line = cli.build(())
    commands.register(line)
    done = CliRunner().invoke(line, ["evidence", *words])
    return done.exception.exit_code if isinstance(done.exception, ConclaveError) else done.exit_code


def test_a_sound_certificate_is_verified(file: Path, keys: Path) -> None:
    assert verified(file, keys) == ["site@lab.example"]
    assert exit_code(file, keys) == ExitCode.OK
    assert exit_code(file, keys, "--language", "de", "--json") == ExitCode.OK


def test_an_auditor_needs_nothing_but_ssh_keygen(file: Path, keys: Path, tmp_path: Path) -> None:
    rows = file.read_bytes().splitlines()
    (tmp_path / "sig").write_text(json.loads(rows[-1])["armor"], encoding="ascii")
    command = ["ssh-keygen", "-Y", "verify", "-n", "conclave-evidence", "-I", "site@lab.example"]
    command += ["-f", str(keys / "allowed_signers"), "-s", str(tmp_path / "sig")]
    done = subprocess.run(command, input=rows[-2], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_second_signer_signs_the_same_certificate(file: Path, keys: Path) -> None:
    certificate.add_signature(file, keys / "officer")
    assert verified(file, keys) == ["site@lab.example", "officer@lab.example"]
    with pytest.raises(ConclaveError, match=r"has signed .* already"):
        certificate.add_signature(file, keys / "officer")


def test_a_red_certificate_is_genuine_and_has_a_code_of_its_own(tmp_path: Path, keys: Path) -> None:
    lines = example.proof()
    example.find(lines, "page")["error"] = "502"
    file = made(tmp_path / "red.jsonl", keys, lines)
    assert verified(file, keys) == ["site@lab.example"]
    assert exit_code(file, keys) == ExitCode.NOT_PROVEN


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "en",
            [
                "NOT ISOLATED",
                "left the site: 0",
                "finding: https",
                "not examined: paths to the outside",
                "signed by site@",
            ],
        ),
        (
            "de",
            [
                "NICHT ISOLIERT",
                "die Site verließen: 0",
                "Befund: https",
                "nicht geprüft: Wege",
                "signiert von site@",
            ],
        ),
    ],
)
def test_a_terminal_speaks_one_language(tmp_path: Path, keys: Path, language: str, words: list[str]) -> None:
    lines = example.proof()
    example.find(lines, "page")["error"] = "502"
    file = made(tmp_path / "red.jsonl", keys, lines)
    line = cli.build(())
    commands.register(line)
    arguments = ["evidence", "verify", str(file), "--signers", str(keys / "allowed_signers"), "--language", language]
    done = CliRunner().invoke(line, arguments)
    assert [word for word in words if word not in done.output] == []


def headline(lines: list[dict[str, Any]], keys: Path, tmp_path: Path) -> str:
    file = made(tmp_path / "proof.jsonl", keys, lines)
    line = cli.build(())
    commands.register(line)
    words = ["evidence", "verify", str(file), "--signers", str(keys / "allowed_signers")]
    return CliRunner().invoke(line, words).output.splitlines()[0]


def test_the_headline_says_hosts_only_where_no_router_was_watched(tmp_path: Path, keys: Path) -> None:
    assert headline(example.proof(), keys, tmp_path) == "ISOLATED"
    lines = [line for line in example.proof() if line["kind"] not in {"watch", "capture"}]
    lines[0]["outside"] = {}
    assert headline(lines, keys, tmp_path).startswith("ISOLATED (HOSTS ONLY")


@pytest.mark.parametrize(("name", "isolated"), [("green", True), ("red", False)])
def test_evidence_of_the_first_format_still_verifies(name: str, *, isolated: bool) -> None:
    evidence = certificate.load(KEPT / f"format-1-{name}.jsonl")
    assert [one.name for one in certificate.verify(evidence, KEPT / "allowed_signers")] == ["site@lab.example"]
    assert evidence.verdict["isolated"] is isolated
    assert documents.html("isolation", "en", publish.data(evidence, "en"))


def row_of_two(folder: Path, keys: Path) -> tuple[Path, Path]:
    first = made(folder / "isolation-lab-20260101T000000Z.jsonl", keys, example.proof())
    before = certificate.newest(folder, "lab")
    assert before is not None
    lines = example.proof()
    lines[0] |= {"number": before.number + 1, "previous": {"file": before.file, "digest": before.digest}}
    return first, made(folder / "isolation-lab-20260101T000100Z.jsonl", keys, lines)


def test_a_certificate_follows_the_one_before_it(tmp_path: Path, keys: Path) -> None:
    assert certificate.newest(tmp_path, "lab") is None
    first, second = row_of_two(tmp_path, keys)
    assert certificate.follows(certificate.load(first), tmp_path) is None
    assert certificate.follows(certificate.load(second), tmp_path) is True
    assert certificate.load(second).lines[0]["number"] == 2


def test_a_certificate_that_was_left_out_is_missed(tmp_path: Path, keys: Path) -> None:
    first, second = row_of_two(tmp_path, keys)
    first.unlink()
    assert certificate.follows(certificate.load(second), tmp_path) is False


def test_a_certificate_that_was_exchanged_is_noticed(tmp_path: Path, keys: Path) -> None:
    first, second = row_of_two(tmp_path, keys)
    lines = example.proof()
    lines[0]["reason"] = "another"
    made(first, keys, lines)
    with pytest.raises(chain.DamagedError, match="is not the certificate that this one follows"):
        certificate.follows(certificate.load(second), tmp_path)
    assert exit_code(second, keys) == ExitCode.EVIDENCE_EDITED


def test_a_damaged_certificate_is_named_without_a_digest(tmp_path: Path) -> None:
    (tmp_path / "isolation-lab-20260101T000000Z.jsonl").write_text("no evidence\n", encoding="utf-8")
    assert certificate.newest(tmp_path, "lab") == certificate.Previous("isolation-lab-20260101T000000Z.jsonl", 0, "")


def edited(rows: list[bytes]) -> list[bytes]:
    rows[7] = rows[7].replace(b'"fetched":9', b'"fetched":8')
    return rows


def removed(rows: list[bytes]) -> list[bytes]:
    return rows[:4] + rows[5:]


def truncated(rows: list[bytes]) -> list[bytes]:
    return rows[:9]


def without_certificate(rows: list[bytes]) -> list[bytes]:
    return rows[:-2] + rows[-1:]


def unsigned(rows: list[bytes]) -> list[bytes]:
    return rows[:-1]


def other_verdict(rows: list[bytes]) -> list[bytes]:
    """Turn the certificate green without touching its chain: the signature does not fit it any more."""
    rows[-2] = rows[-2].replace(b'"actor":"somebody"', b'"actor":"nobody"')
    return rows


def chained_anew(rows: list[bytes]) -> list[bytes]:
    """Change a line and link everything after it again, as somebody would who knows the format."""
    previous = chain.FIRST
    for number in range(len(rows) - 1):
        line = json.loads(rows[number])
        if line["kind"] == "page":
            line["fetched"] = 8
        line["prev"] = previous
        if line["kind"] == "certificate":
            line["head"] = previous
        rows[number] = chain.canonical(line)
        previous = chain.digest(rows[number])
    return rows


def no_evidence(_: list[bytes]) -> list[bytes]:
    return [b"Dear Sir or Madam,"]


@pytest.mark.parametrize(
    ("damage", "code", "sentence"),
    [
        (edited, ExitCode.EVIDENCE_EDITED, "line 8 was changed"),
        (removed, ExitCode.EVIDENCE_REMOVED, "line 5 is missing"),
        (truncated, ExitCode.EVIDENCE_TRUNCATED, "ends after line 9, before its certificate"),
        (without_certificate, ExitCode.EVIDENCE_TRUNCATED, "before its certificate"),
        (unsigned, ExitCode.EVIDENCE_UNSIGNED, "the certificate has no signature"),
        (other_verdict, ExitCode.EVIDENCE_FORGED, "not what was signed"),
        (chained_anew, ExitCode.EVIDENCE_FORGED, "not what was signed"),
        (no_evidence, ExitCode.EVIDENCE_UNREADABLE, "line 1 is not a JSON object"),
    ],
)
def test_damage_is_told_apart(
    file: Path, keys: Path, damage: Callable[[list[bytes]], list[bytes]], code: int, sentence: str
) -> None:
    file.write_bytes(b"\n".join(damage(file.read_bytes().splitlines())) + b"\n")
    with pytest.raises(chain.DamagedError, match=sentence) as caught:
        verified(file, keys)
    assert caught.value.exit_code == code
    assert exit_code(file, keys) == code


def test_an_unknown_key_is_named(tmp_path: Path, keys: Path) -> None:
    stream, book = example.written(example.proof())
    certificate.conclude(book)
    file = tmp_path / "strange.jsonl"
    file.write_bytes(stream.getvalue())
    certificate.add_signature(file, keys / "stranger")
    with pytest.raises(chain.DamagedError, match=r"signed with the key SHA256:.* does not name") as caught:
        verified(file, keys)
    assert caught.value.exit_code == ExitCode.EVIDENCE_UNKNOWN_SIGNER


def by_a_stranger(file: Path, keys: Path) -> None:
    certificate.add_signature(file, keys / "stranger")


def of_something_else(file: Path, keys: Path) -> None:
    armor = signature.sign(b"something else", keys / "officer")
    file.write_bytes(file.read_bytes() + chain.canonical({"kind": "signature", "armor": armor}) + b"\n")


def of_nothing(file: Path, _: Path) -> None:
    file.write_bytes(file.read_bytes() + chain.canonical({"kind": "signature"}) + b"\n")


@pytest.mark.parametrize("append", [by_a_stranger, of_something_else, of_nothing])
def test_a_signature_that_anybody_appends_takes_nothing_away(
    file: Path, keys: Path, append: Callable[[Path, Path], None]
) -> None:
    append(file, keys)
    assert verified(file, keys) == ["site@lab.example"]
    assert exit_code(file, keys) == ExitCode.OK
    assert len(certificate.strangers(certificate.load(file), keys / "allowed_signers")) == 1
    certificate.add_signature(file, keys / "officer")
    assert verified(file, keys) == ["site@lab.example", "officer@lab.example"]


def test_without_a_list_of_keys_the_fingerprint_is_told(file: Path, keys: Path) -> None:
    with pytest.raises(chain.DamagedError, match="SHA256:") as caught:
        certificate.verify(certificate.load(file), keys / "nothing")
    assert caught.value.exit_code == ExitCode.EVIDENCE_UNKNOWN_SIGNER


def test_a_signature_for_something_else_is_none(file: Path, keys: Path, tmp_path: Path) -> None:
    rows = file.read_bytes().splitlines()
    (tmp_path / "line").write_bytes(rows[-2])
    command = ["ssh-keygen", "-Y", "sign", "-q", "-n", "file", "-f", str(keys / "site"), str(tmp_path / "line")]
    subprocess.run(command, check=True, capture_output=True)
    armor = (tmp_path / "line.sig").read_text(encoding="ascii")
    rows[-1] = chain.canonical({"kind": "signature", "armor": armor})
    file.write_bytes(b"\n".join(rows) + b"\n")
    assert exit_code(file, keys) == ExitCode.EVIDENCE_FORGED


def test_a_verdict_that_the_lines_do_not_give_is_refused(tmp_path: Path, keys: Path) -> None:
    """A control node that signs a green certificate over red lines is caught by anybody who judges again."""
    lines = example.proof()
    example.find(lines, "page")["error"] = "502"
    stream, book = example.written(lines)
    line = certificate.conclude(book)
    line["verdict"]["isolated"], line["verdict"]["findings"] = True, []
    rows = stream.getvalue().splitlines()
    rows[-1] = chain.canonical(line)
    file = tmp_path / "lie.jsonl"
    file.write_bytes(b"\n".join(rows) + b"\n")
    certificate.add_signature(file, keys / "site")
    with pytest.raises(chain.DamagedError, match="differ in: findings, isolated") as caught:
        verified(file, keys)
    assert caught.value.exit_code == ExitCode.EVIDENCE_OTHER_VERDICT


def test_a_missing_file_or_key_is_told(tmp_path: Path, file: Path) -> None:
    with pytest.raises(ConclaveError, match="No such file"):
        certificate.load(tmp_path / "nothing")
    with pytest.raises(ConclaveError, match="no such file"):
        certificate.add_signature(file, tmp_path / "no-key")


@pytest.mark.parametrize("language", ["de", "en"])
def test_people_read_the_same_in_both_languages(file: Path, language: Language) -> None:
    page = documents.html("isolation", language, publish.data(certificate.load(file), language))
    for fact in ("conf.lab.example", "somebody", "core1", "20 of 20" if language == "en" else "20 von 20", "SHA256:"):
        assert fact in page
    assert ("Isolated: nothing left" if language == "en" else "Isoliert: Nichts verließ") in page


def test_a_red_page_says_why(tmp_path: Path, keys: Path) -> None:
    lines = example.proof()
    example.find(lines, "page")["error"] = "502 <b>"
    file = made(tmp_path / "red.jsonl", keys, lines)
    page = documents.html("isolation", "en", publish.data(certificate.load(file), "en"))
    assert "Not proven isolated" in page
    assert "could not be loaded: 502 &lt;b&gt;" in page


def test_a_page_claims_no_more_than_was_looked_at(tmp_path: Path, keys: Path) -> None:
    lines = [line for line in example.proof() if line["kind"] not in {"watch", "capture"}]
    lines[0]["outside"] = {}
    file = made(tmp_path / "narrow.jsonl", keys, lines)
    page = documents.html("isolation", "en", publish.data(certificate.load(file), "en"))
    assert "Hosts only" in page
    assert "nothing left the site" not in page


def test_documents_are_written_in_both_languages_and_forms(file: Path, tmp_path: Path) -> None:
    names = [one.name for one in publish.write(certificate.load(file), tmp_path / "out", "proof")]
    assert names == ["proof.de.html", "proof.de.pdf", "proof.en.html", "proof.en.pdf"]
    assert (tmp_path / "out/proof.de.pdf").read_bytes().startswith(b"%PDF-")
