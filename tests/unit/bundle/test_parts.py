"""How the parts read what they are made from."""

from __future__ import annotations

import json
import os
import re
import select
import signal
import subprocess
import sys
import tarfile
import zipfile
from typing import TYPE_CHECKING

import pytest
import yaml

from conclave.bundle import apt, deb, files, project, tools, wheels
from conclave.bundle.parts import control, debian, keycloak, livekit, web
from conclave.errors import ConclaveError
from conclave.paths import project_root

if TYPE_CHECKING:
    from pathlib import Path

ROOT = project_root()


def test_a_line_of_apt_is_read_with_epoch_size_and_sum() -> None:
    line = f"'http://mirror.example/pool/main/z/zlib1g_1.3_amd64.deb' zlib1g_1%3a1.3_amd64.deb 88000 SHA256:{'a' * 64}"
    package = apt._package(line)  # noqa: SLF001 - the reader of what apt prints
    assert (package.name, package.version, package.architecture) == ("zlib1g", "1:1.3", "amd64")
    assert package.file == "zlib1g_1%3a1.3_amd64.deb"
    assert package.exact == "zlib1g:amd64=1:1.3"


@pytest.mark.parametrize("said", ["MD5Sum:" + "a" * 32, ""])
def test_a_line_of_apt_without_a_sha256_is_refused(said: str) -> None:
    with pytest.raises(ConclaveError, match="apt answered"):
        apt._package(f"'http://mirror.example/z_1_all.deb' z_1_all.deb 1 {said}")  # noqa: SLF001


def test_settings_of_this_machine_that_weaken_checks_are_not_taken_over() -> None:
    reach = [
        'Acquire::http::Proxy "http://proxy.example:3128";',
        'Acquire::https::Verify-Peer "false";',
        'Acquire::Check-Valid-Until "false";',
        'Acquire::AllowInsecureRepositories "true";',
    ]
    assert [line for line in reach if apt._REACH.match(line)] == reach[:1]  # noqa: SLF001


def test_each_role_is_solved_by_itself_and_all_together_and_our_own_packages_are_replaced_by_what_they_need() -> None:
    sets = debian.wanted(ROOT)
    assert "nginx" in sets["role nginx"]
    assert "valkey-server" not in sets["role nginx"]
    assert {"nginx", "valkey-server"} <= set(sets["all roles"])
    assert "openjdk-21-jre-headless" in sets["all roles"]
    assert all("systemd" in names for names in sets.values())
    assert not any(name.startswith("conclave-") for names in sets.values() for name in names)


def test_a_role_whose_packages_are_computed_is_refused(tmp_path: Path) -> None:
    for name in ("packages", "roles/x/defaults"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "packages/debian.yml").write_text("{base: [], sets: {}}")
    (tmp_path / "roles/x/defaults/main.yml").write_text('x_packages: ["{{ y }}"]')
    with pytest.raises(ConclaveError, match="x_packages"):
        debian.wanted(tmp_path)


def test_packages_of_our_own_that_roles_ask_for_are_built() -> None:
    built = {
        line.split()[1]
        for path in ROOT.glob("packages/*/control")
        for line in path.read_text().splitlines()
        if line.startswith("Package:")
    }
    asked = {
        name
        for path in ROOT.glob("roles/*/defaults/main.yml")
        for key, names in (yaml.safe_load(path.read_text()) or {}).items()
        if key.endswith("_packages")
        for name in names
        if name.startswith("conclave-")
    }
    assert asked <= built


def test_the_pinned_sfu_is_the_one_the_wrapper_module_requires() -> None:
    go_mod = ROOT / "packages/livekit/go.mod"
    assert livekit.pinned(go_mod) == "1.13.5"
    assert f"{livekit.MODULE} v{livekit.pinned(go_mod)} h1:" in (ROOT / "packages/livekit/go.sum").read_text()


def _jar(folder: Path, name: str, properties: str = "") -> Path:
    with zipfile.ZipFile(folder / name, "w") as archive:
        archive.writestr("META-INF/maven/g/a/pom.properties", properties)
    return folder / name


def test_coordinates_of_a_jar_come_from_inside_and_else_from_its_name(tmp_path: Path) -> None:
    told = _jar(
        tmp_path, "jakarta.mail.jakarta.mail-api-2.1.jar", "groupId=jakarta.mail\nartifactId=jakarta.mail-api\n"
    )
    assert keycloak.coordinates(told) == ("jakarta.mail", "jakarta.mail-api", "2.1")
    shaded = _jar(tmp_path, "io.vertx.vertx-core-4.5.jar", "groupId=other\nartifactId=thing\n")
    assert keycloak.coordinates(shaded) == ("io.vertx", "vertx-core", "4.5")
    with pytest.raises(ConclaveError, match="without a version"):
        keycloak.coordinates(_jar(tmp_path, "nothing.jar"))


def test_optional_packages_that_a_registry_lacks_are_put_back_into_the_lock_but_never_fetched(tmp_path: Path) -> None:
    lock = tmp_path / "package-lock.json"
    here = {"version": "1.0", "integrity": "sha512-x"}
    tool = {"version": "1.0", "optionalDependencies": {"@tool/linux": "1.0", "@tool/android": "^1.0"}}
    lock.write_text(json.dumps({"packages": {"node_modules/tool": tool, "node_modules/@tool/linux": here}}))
    web.complete(lock)
    packages = json.loads(lock.read_text())["packages"]
    assert packages["node_modules/@tool/linux"] == here
    assert packages["node_modules/@tool/android"] == {"version": "1.0", "optional": True, "os": ["none"]}


def test_untracked_files_stay_out_of_what_a_control_node_gets(tmp_path: Path) -> None:
    for words in (["init", "--quiet"], ["config", "user.email", "a@b.example"], ["config", "user.name", "a"]):
        subprocess.run(["git", "-C", str(tmp_path), *words], check=True)
    (tmp_path / "inventories").mkdir()
    for name in ("known", "removed", "inventories/secret", "ignored"):
        (tmp_path / name).write_text(name)
    (tmp_path / ".gitignore").write_text("ignored\n")
    subprocess.run(["git", "-C", str(tmp_path), "add", "known", "removed", ".gitignore"], check=True)
    (tmp_path / "removed").unlink()
    runner = tools.Runner(tmp_path.with_suffix(".log"))
    assert project.listed(tmp_path, runner, tracked=True) == [".gitignore", "known"]
    assert project.listed(tmp_path, runner) == [".gitignore", "inventories/secret", "known"]
    assert project.listed(tmp_path, runner, "inventories/") == ["inventories/secret"]


def test_a_control_node_gets_every_file_that_playbooks_and_roles_read_from_the_project(tmp_path: Path) -> None:
    given = control.listed(ROOT, tools.Runner(tmp_path / "log"))
    places = [path for top in ("playbooks", "roles") for path in (ROOT / top).rglob("*") if path.is_file()]
    pattern = re.compile(r"playbook_dir ~ '/\.\./([^']+)'|role_path \}\}/\.\./\.\./([\w./-]+)")
    read = {found[1] or found[2] for path in places for found in pattern.finditer(path.read_text())}
    # Brought on a stick.
    read -= {"build/bundle"}
    assert "web/csp.txt" in read
    assert read <= set(given)


def test_a_control_node_gets_the_project_s_links_as_links(tmp_path: Path) -> None:
    link = "plugins/module_utils/conclave_keycloak"
    assert link in control.listed(ROOT, tools.Runner(tmp_path / "log"))
    control._tar(tmp_path / "project.tar.gz", {link: ROOT / link}, "20260101000000")  # noqa: SLF001 - packs the project
    with tarfile.open(tmp_path / "project.tar.gz") as archive:
        member = archive.getmember(link)
    assert member.issym()
    assert member.linkname == "../../src/conclave/keycloak"


def test_lock_files_carry_hashes_and_no_addresses() -> None:
    for path in (ROOT / "requirements").glob("*.txt"):
        if path.name == "debian.txt":
            continue
        text = path.read_text()
        pins = [line for line in text.splitlines() if "==" in line and not line.startswith(("#", " "))]
        assert pins, path
        assert text.count("--hash=sha256:") >= len(pins), path
        assert "://" not in text, path
        assert not [line for line in text.splitlines() if line.startswith("-")], path


def test_components_of_wheels_have_names_versions_sums_and_licences(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "A_b-1.0-py3-none-any.whl", "w") as archive:
        archive.writestr("A_b-1.0.dist-info/METADATA", "Name: A_b\nLicense-Expression: MIT\n\n")
    (component,) = wheels.components(tmp_path)
    assert (component.name, component.version, component.licence) == ("a-b", "1.0", "MIT")
    assert len(component.hashes["SHA-256"]) == 64


def test_a_package_is_the_same_to_the_last_byte_when_packed_again(tmp_path: Path) -> None:
    (tmp_path / "control").write_text("Package: p\nArchitecture: all\nMaintainer: M\nDescription: d\n")
    made = []
    for number in (1, 2):
        tree = tmp_path / f"tree{number}"
        (tree / "usr").mkdir(parents=True)
        (tree / "usr/file").write_text("content")
        (tree / "usr/file").chmod(0o600 if number == 1 else 0o644)
        (tmp_path / f"out{number}").mkdir()
        runner = tools.Runner(tmp_path / "log")
        stamp = "20261122001500"
        made.append(
            deb.pack(tmp_path, tree, tmp_path / f"out{number}", package_version="1", stamp=stamp, runner=runner)
        )
    assert files.sha256(made[0]) == files.sha256(made[1])


def test_an_interrupt_ends_programs_with_their_children(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    script = f"""
import concurrent.futures, pathlib, signal
from conclave.bundle.tools import Runner
# A shell without job control starts its background programs with this signal ignored, and they inherit it.
signal.signal(signal.SIGINT, signal.default_int_handler)
runner = Runner(pathlib.Path({str(tmp_path / "log")!r}))
with concurrent.futures.ThreadPoolExecutor(1) as executor:
    job = executor.submit(runner.run, ["sh", "-c", "sleep 987 & echo $! > {pipe}; wait"])
    try:
        concurrent.futures.wait([job])
    finally:
        runner.stop()
"""
    process = subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.DEVNULL)
    told = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    _wait_for(told, "the child has started")
    child = os.pidfd_open(int(os.read(told, 20)))
    process.send_signal(signal.SIGINT)
    assert process.wait(20) != 0
    _wait_for(child, "the child has ended")
    os.close(child)
    os.close(told)


def _wait_for(descriptor: int, what: str) -> None:
    if not select.select([descriptor], [], [], 20)[0]:
        pytest.fail(f"waited 20 s until {what}")
