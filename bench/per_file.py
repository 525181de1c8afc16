"""The same playbook as most are written: a task for each file and each unit, instead of one for all files of a role.

Roles, templates, handlers, variables and the order are ours; only the ``conclave_tree`` tasks are unfolded. What they
do beyond ordinary tasks (making folders, applying users, remembering unfinished work) is left out, which favours the
ordinary way. `write` makes the project in a folder; it is for hosts that are deployed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from pathlib import Path

TASK = "conclave_tree"
OTHERS_READ = 0o004
NOTE = "Written by Conclave (role {role}); the next deployment undoes what is changed here."
_EXPRESSION = re.compile(r"^\{\{(.*)\}\}$", re.DOTALL)


def write(project: Path, folder: Path) -> Path:
    """Write roles and playbook below a folder; return the playbook.

    Parameters
    ----------
    project:
        The project whose roles are unfolded.
    folder:
        An empty folder. What is not rewritten is linked into it.
    """
    for name in ("src", "web", "collections", "plugins"):
        (folder / name).symlink_to(project / name)
    (folder / "playbooks").mkdir(parents=True)
    (folder / "playbooks" / "group_vars").symlink_to(project / "playbooks" / "group_vars")
    (folder / "roles").mkdir()
    for role in sorted((project / "roles").iterdir()):
        _role(role, folder / "roles" / role.name)
    plays = _load(project / "playbooks" / "deploy.yml")
    for play in plays:
        for part in ("pre_tasks", "tasks", "post_tasks"):
            play[part] = [task for task in play.get(part, []) if TASK not in task]
    playbook = folder / "playbooks" / "deploy.yml"
    _dump(playbook, plays)
    return playbook


def _role(role: Path, folder: Path) -> None:
    folder.mkdir()
    for part in role.iterdir():
        if part.name != "tasks":
            (folder / part.name).symlink_to(part)
    for file in sorted(role.glob("tasks/*.yml")):
        (folder / "tasks").mkdir(exist_ok=True)
        _dump(folder / "tasks" / file.name, [new for task in _load(file) for new in _unfold(task, role)])


def _unfold(task: dict[str, Any], role: Path) -> list[dict[str, Any]]:
    """Return a task as it is, or what stands for a ``conclave_tree`` task."""
    if TASK not in task:
        # What our task found out about packages, the ordinary way asks apt.
        asked = [condition for condition in _list(task.get("when")) if ".missing" not in str(condition)]
        return [{**task, "when": asked} if "when" in task else task]
    settings = _load(role / "tree.yml") or {} if (role / "tree.yml").is_file() else {}
    superseded = settings.pop("superseded", {})
    tree = role / "tree"
    sources = {str(path.relative_to(tree)).removesuffix(".j2"): path for path in tree.rglob("*") if path.is_file()}
    tasks = [
        new
        for path in sorted({*sources, *settings})
        for new in _file(path, sources.get(path), settings.get(path) or {}, role, set(sources) | set(settings))
    ]
    tasks += [
        {"name": f"Remove /{path}", "ansible.builtin.file": {"path": f"/{path}", "state": "absent"}}
        for path in superseded.get("paths", [])
    ]
    tasks += _units((task[TASK] or {}).get("units", {}))
    for new in tasks:
        new["when"] = [*_list(task.get("when")), *_list(new.get("when"))]
    if "register" in task:
        tasks[-1]["register"] = task["register"]
    return tasks


def _file(
    path: str, source: Path | None, setting: dict[str, Any], role: Path, placed: set[str]
) -> list[dict[str, Any]]:
    common: dict[str, Any] = {"name": f"Place /{path.rstrip('/')}"}
    when = _list(setting.get("when"))
    if setting.get("exclusive"):
        return _exclusive(path.rstrip("/"), placed, {**common, "notify": _list(setting.get("notify"))})
    if setting.get("notify"):
        common["notify"] = setting["notify"]
    if setting.get("initial"):
        begin = {"cmd": setting["initial"], "creates": f"/{path}"}
        return [{**common, "name": f"Make /{path}", "ansible.builtin.command": begin, "when": when}]
    if setting.get("link"):
        state = {"path": f"/{path}", "src": setting["link"], "state": "link", "force": True}
        return [{**common, "ansible.builtin.file": state, "when": when}]
    tasks = []
    remove = setting.get("remove")
    if remove:
        found = _EXPRESSION.match(str(remove))
        condition = found[1].strip() if found else "true"
        absent = {"path": f"/{path}", "state": "absent"}
        tasks.append({**common, "name": f"Remove /{path}", "ansible.builtin.file": absent, "when": [*when, condition]})
        when = [*when, f"not ({condition})"]
    if "from" in setting or source:
        tasks.append({**common, **_content(path, source, setting, role), "when": when})
    return tasks


def _content(path: str, source: Path | None, setting: dict[str, Any], role: Path) -> dict[str, Any]:
    mode = setting.get("mode", "0644")
    values = {"dest": f"/{path}", "owner": setting.get("owner", "root"), "group": setting.get("group", "root")}
    values["mode"] = mode
    if "validate" in setting:
        values["validate"] = setting["validate"]
    hidden = {"no_log": True} if setting.get("secret", not int(mode, 8) & OTHERS_READ) else {}
    if "from" in setting:
        return {"ansible.builtin.copy": {"src": setting["from"], **values}, **hidden}
    place = f"{{{{ role_path }}}}/tree/{path}"
    if source is None or source.suffix != ".j2":
        return {"ansible.builtin.copy": {"src": place, **values}, **hidden}
    said = {"__tree_path": f"/{path}", "__tree_role": role.name, "__tree_note": NOTE.format(role=role.name)}
    if setting.get("checksum"):
        # No module of Ansible's adds a sum: rendered as a value, with the sum behind it.
        said["__tree_text"] = (
            f"{{{{ lookup('ansible.builtin.template', role_path ~ '/tree/{path}.j2', lstrip_blocks=true) }}}}"
        )
        hashed = "{{ __tree_text ~ '# sha256 ' ~ (__tree_text | hash('sha256')) ~ '\n' }}"
        return {"ansible.builtin.copy": {"content": hashed, **values}, "vars": said, **hidden}
    return {"ansible.builtin.template": {"src": f"{place}.j2", "lstrip_blocks": True, **values}, "vars": said, **hidden}


def _exclusive(folder: str, placed: set[str], common: dict[str, Any]) -> list[dict[str, Any]]:
    kept = sorted(f"/{path}" for path in placed if path.startswith(f"{folder}/") and path != f"{folder}/")
    found = f"__found_{re.sub(r'[^a-z]', '_', folder)}"
    return [
        {
            "name": f"Look into /{folder}",
            "ansible.builtin.find": {"paths": f"/{folder}", "file_type": "any"},
            "register": found,
        },
        {
            **common,
            "name": f"Empty /{folder}",
            "ansible.builtin.file": {"path": "{{ item }}", "state": "absent"},
            "loop": f"{{{{ {found}.files | map(attribute='path') | difference({kept}) }}}}",
        },
    ]


def _units(units: dict[str, str] | str) -> list[dict[str, Any]]:
    """Return a task for each unit; where only the run knows the units, one with a loop."""
    service = "ansible.builtin.systemd_service"
    if isinstance(units, str):
        found = _EXPRESSION.match(units)
        names = f"{{{{ ({found[1] if found else units}).keys() | list }}}}"
        return [
            {"name": "Start units", service: {"name": "{{ item }}", "enabled": True, "state": "started"}, "loop": names}
        ]
    return [{"name": f"Start {unit}", service: {"name": unit, "enabled": True, "state": "started"}} for unit in units]


def _list(value: Any) -> list[Any]:  # noqa: ANN401 - YAML's own types
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]


def _load(file: Path) -> Any:  # noqa: ANN401 - YAML's own types
    return yaml.safe_load(file.read_text(encoding="utf-8")) or []


def _dump(file: Path, content: object) -> None:
    file.write_text(yaml.dump(content, sort_keys=False, allow_unicode=True, width=1000), encoding="utf-8")
