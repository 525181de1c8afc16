"""The action plugin and its module through a real ansible-playbook run on this machine."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from conclave import placed
from conclave.contents import LEFT_OUT, Contents, PackageContents

pytestmark = pytest.mark.long
ROOT = Path(__file__).parents[4]


class Site:
    """A role ``demo`` in a temporary folder, whose tree places files below ``host``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.host = folder / "host"
        self.role = folder / "roles/demo"
        self.tree = self.role / "tree" / str(self.host).lstrip("/")
        self.tree.mkdir(parents=True)
        (self.role / "tasks").mkdir()
        (self.role / "handlers").mkdir()
        self.state = folder / "state"
        (self.role / "tasks/main.yml").write_text(f"- name: Place files\n  conclave_tree: {{state: {self.state}}}\n")
        handlers = "".join(
            f"- name: {name}\n  ansible.builtin.shell: echo {name} >> {folder}/handled\n"
            for name in ("Restart one", "Restart two")
        )
        (self.role / "handlers/main.yml").write_text(handlers)
        self.settings: dict[str, dict[str, object]] = {}

    def path(self, name: str) -> str:
        """Return the key of a file in tree.yml."""
        return str(self.host / name).lstrip("/")

    def deploy(
        self,
        *arguments: str,
        settle: bool = True,
        values: tuple[int, ...] = (0,),
        variables: dict[str, object] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run the playbook, in which the role comes once with each value; returns its JSON result in ``stdout``."""
        (self.role / "tree.yml").write_text(json.dumps(self.settings))
        tasks: list[dict[str, object]] = [
            {"name": "Role", "ansible.builtin.include_role": {"name": "demo"}, "vars": {"come": value}}
            for value in values
        ]
        if settle:
            tasks += [
                {"name": "Handlers", "ansible.builtin.meta": "flush_handlers"},
                {"name": "Settle", "conclave_tree": {"settle": True, "state": str(self.state)}},
            ]
        play = [{"name": "Test", "hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": tasks}]
        (self.folder / "play.yml").write_text(json.dumps(play))
        environment = {
            **os.environ,
            "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
            "ANSIBLE_ROLES_PATH": str(self.folder / "roles"),
            "ANSIBLE_STDOUT_CALLBACK": "ansible.builtin.default",
            "ANSIBLE_CALLBACK_RESULT_FORMAT": "json",
            "ANSIBLE_DISPLAY_SKIPPED_HOSTS": "false",
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
        }
        command = [
            str(Path(sys.executable).parent / "ansible-playbook"),
            "-i",
            "localhost,",
            "-e",
            f"ansible_python_interpreter={sys.executable}",
        ]
        command += ["-e", json.dumps(variables or {}), *arguments, str(self.folder / "play.yml")]
        return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=ROOT)

    def handled(self) -> list[str]:
        """Return the handlers that ran since the last call."""
        log = self.folder / "handled"
        lines = log.read_text().splitlines() if log.exists() else []
        log.unlink(missing_ok=True)
        return lines


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """Give one role with an empty tree."""
    return Site(tmp_path)


def test_only_the_handlers_of_changed_files_run_and_a_second_run_changes_nothing(site: Site) -> None:
    (site.tree / "one.conf.j2").write_text("{{ __tree_note }}\nvalue = {{ value }}\n")
    (site.tree / "two.conf").write_text("{{ not a template }}\n")
    site.settings = {
        site.path("one.conf"): {"notify": "Restart one"},
        site.path("two.conf"): {"notify": ["Restart two"], "mode": "0600"},
    }

    first = site.deploy(variables={"value": 1})
    assert first.returncode == 0, first.stdout + first.stderr
    assert (site.host / "one.conf").read_text().endswith("deployment undoes what is changed here.\nvalue = 1\n")
    assert (site.host / "two.conf").read_text() == "{{ not a template }}\n"
    assert (site.host / "two.conf").stat().st_mode & 0o777 == 0o600
    assert site.handled() == ["Restart one", "Restart two"]

    second = site.deploy(variables={"value": 1})
    assert "changed=0" in second.stdout
    assert site.handled() == []

    third = site.deploy(variables={"value": 2})
    assert third.returncode == 0
    assert site.handled() == ["Restart one"]


def test_what_was_placed_is_remembered_on_the_control_node_and_a_dry_run_is_not(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(site.folder / "remembered"))
    for variable in placed.LABS:
        monkeypatch.delenv(variable, raising=False)
    (site.tree / "one.conf.j2").write_text("value = {{ value }}\n")
    of_site = {"conclave": {"site": {"name": "demo"}}}
    assert site.deploy("--check", variables={"value": 1, **of_site}).returncode == 0
    assert not (site.folder / "remembered").exists()
    done = site.deploy(variables={"value": 1, **of_site})
    assert done.returncode == 0, done.stdout + done.stderr
    (site.host / "one.conf").write_text("changed on the host\n")
    found = placed.load("demo", "localhost", ["demo"]).files[str(site.host / "one.conf")]
    assert found.sha256 == hashlib.sha256(b"value = 1\n").hexdigest()
    assert (found.owner, found.group, found.mode) == ("root", "root", "0644")


@pytest.mark.parametrize("arguments", [(), ("--check",)])
def test_a_package_with_other_files_than_the_bundle_says_is_named(site: Site, arguments: tuple[str, ...]) -> None:
    said = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Version}", "base-files"], capture_output=True, text=True, check=True
    )
    listed = subprocess.run(["dpkg-query", "-L", "base-files"], capture_output=True, text=True, check=True)
    there = [Path(path) for path in listed.stdout.splitlines() if not path.startswith(LEFT_OUT)]
    held = {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in there
        if path.is_file() and not path.is_symlink()
    }
    for sums, altered in ((held, []), ({**held, str(next(iter(held))): "0" * 64}, [f"base-files={said.stdout}"])):
        package = PackageContents(version=said.stdout, files=sums)
        (site.folder / "contents.json").write_text(Contents(packages={"base-files": package}).model_dump_json())
        task = {
            "conclave_tree": {
                "state": str(site.state),
                "packages": ["base-files"],
                "contents": str(site.folder / "contents.json"),
            },
            "register": "placed",
        }
        told = {"ansible.builtin.debug": {"msg": "altered={{ placed.altered }}"}}
        (site.role / "tasks/main.yml").write_text(json.dumps([task, told]))
        done = site.deploy(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        assert f"altered={altered}" in done.stdout


def test_a_bundle_that_does_not_say_what_packages_hold_is_refused(site: Site) -> None:
    task = {"conclave_tree": {"packages": ["base-files"], "contents": str(site.folder / "contents.json")}}
    (site.role / "tasks/main.yml").write_text(json.dumps([task]))
    done = site.deploy()
    assert done.returncode != 0
    assert "does not say what the packages hold" in done.stdout
    assert "conclave bundle build" in done.stdout


def test_check_mode_on_a_blank_host_shows_the_difference_and_touches_nothing(site: Site) -> None:
    (site.tree / "deep").mkdir()
    (site.tree / "deep/one.conf").write_text("visible\n")
    (site.tree / "deep/key").write_text("hush\n")
    site.settings = {
        site.path("deep/one.conf"): {
            "owner": "nobody-yet",
            "validate": "checker-not-there %s",
            "notify": "Restart one",
        },
        site.path("deep/key"): {"mode": "0640"},
    }
    run = site.deploy("--check", "--diff", "-v")
    assert run.returncode == 0, run.stdout + run.stderr
    assert "+visible" in run.stdout
    assert "hush" not in run.stdout
    assert "not validated" in run.stdout
    assert not site.host.exists()
    assert not site.state.exists()


def test_handlers_of_an_interrupted_run_are_made_up_for(site: Site) -> None:
    (site.tree / "one.conf").write_text("1\n")
    site.settings = {site.path("one.conf"): {"notify": "Restart one"}}
    (site.role / "handlers/main.yml").write_text("- name: Restart one\n  ansible.builtin.command: /bin/false\n")
    assert site.deploy().returncode != 0
    (site.role / "handlers/main.yml").write_text(
        f"- name: Restart one\n  ansible.builtin.shell: echo again >> {site.folder}/handled\n"
    )
    second = site.deploy()
    assert second.returncode == 0, second.stdout
    assert site.handled() == ["again"]
    assert "changed=0" in site.deploy().stdout
    assert site.handled() == []


def test_conditions_leave_files_alone_and_remove_takes_them_away(site: Site) -> None:
    (site.tree / "one.conf").write_text("1\n")
    (site.tree / "two.conf").write_text("2\n")
    site.settings = {
        site.path("one.conf"): {"when": "wanted"},
        site.path("two.conf"): {"remove": "{{ not wanted }}"},
        site.path("old"): {"remove": True},
        site.path("off"): {"link": "/dev/null"},
    }
    site.host.mkdir()
    (site.host / "old").write_text("x")
    assert site.deploy(variables={"wanted": True}).returncode == 0
    assert (site.host / "one.conf").exists()
    assert (site.host / "two.conf").exists()
    assert not (site.host / "old").exists()
    assert str((site.host / "off").readlink()) == "/dev/null"
    run = site.deploy(variables={"wanted": False})
    assert run.returncode == 0, run.stdout
    assert (site.host / "one.conf").exists()
    assert not (site.host / "two.conf").exists()


def test_what_an_earlier_release_has_left_goes_once_and_check_mode_tells_it(site: Site) -> None:
    (site.tree / "one.conf").write_text("1\n")
    begun = site.host / "begun"
    site.settings = {
        "superseded": {"paths": [f"{site.path('old')}/", site.path("older")]},
        site.path("begun"): {"initial": f"touch {begun}"},
    }
    (site.host / "old").mkdir(parents=True)
    (site.host / "old/program").write_text("x")
    (site.host / "older").write_text("x")
    foreseen = site.deploy("--check", "-v")
    assert foreseen.returncode == 0, foreseen.stdout
    for name in ("old/: removed, superseded", "older: removed, superseded", "begun: made"):
        assert name in foreseen.stdout
    assert (site.host / "old/program").exists()
    assert not begun.exists()
    assert "changed=1" in site.deploy().stdout
    assert sorted(path.name for path in site.host.iterdir()) == ["begun", "one.conf"]
    assert "changed=0" in site.deploy().stdout


def test_a_role_that_comes_twice_changes_something_once_in_a_dry_run_too(site: Site) -> None:
    (site.tree / "one.conf").write_text("1\n")
    foretold = site.deploy("--check", values=(1, 1))
    assert foretold.returncode == 0, foretold.stdout + foretold.stderr
    assert "changed=1 " in foretold.stdout
    assert "changed=1 " in site.deploy(values=(1, 1)).stdout


def test_a_role_that_comes_with_other_values_changes_something_again(site: Site) -> None:
    (site.tree / "one.conf.j2").write_text("{{ come }}\n")
    foretold = site.deploy("--check", values=(1, 2))
    assert "changed=2 " in foretold.stdout, foretold.stdout + foretold.stderr
    assert "changed=2 " in site.deploy(values=(1, 2)).stdout
