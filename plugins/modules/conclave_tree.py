# SPDX-License-Identifier: GPL-3.0-or-later
"""The host's half of ``conclave_tree``; the action plugin of the same name is its only caller."""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.conclave_tree_host import (
    PROGRAM_MISSING,
    UNIT_FOLDERS,
    Change,
    RoleTree,
    TreeError,
    Wanted,
    describe,
    early,
)
from ansible.module_utils.conclave_tree_kernel import changed_settings
from ansible.module_utils.conclave_tree_packages import altered, missing
from ansible.module_utils.conclave_tree_superseded import Superseded

DOCUMENTATION = r"""
module: conclave_tree
short_description: Place all files of a role in one step
description:
  - Renders every file below the role's C(tree/) folder and brings the host's files to that state.
  - C(tree.yml) of the role names owner, group, mode, validation and handlers where they differ from C(root:root 0644).
options:
  units:
    description:
      - Units to enable and start once the files are in place.
      - The value is the handler that a fresh start makes needless, or a list of them.
    type: dict
  packages:
    description:
      - Debian packages that the role needs; nothing is installed here.
      - Those that the host lacks are returned, so that apt need not be asked when there is none.
    type: list
    elements: str
  sums:
    description:
      - Of packages whose every file is known, the version and one checksum of all files.
      - Those that are not so on the host are returned; nothing is put back here.
    type: dict
  superseded:
    description: Units, paths and users of an earlier release that the host must not have any more.
    type: dict
  settle:
    description: Forget the unfinished work of this run; the last task of a playbook, after its handlers.
    type: bool
  state:
    description: Folder on the host that remembers what an interrupted run left to do.
    type: path
author: [Conclave]
"""

RETURN = r"""
paths: {description: Changed paths and in which respect., type: list, returned: always}
notify: {description: Handlers to run., type: list, returned: always}
started: {description: Those of the units that did not run., type: list, returned: always}
remarks: {description: What could not be looked at., type: list, returned: always}
missing: {description: Those of the packages that are not installed., type: list, returned: always}
altered: {description: Those of the packages with other files than they came with., type: list, returned: always}
"""


def main() -> None:
    """Read the message, act, answer."""
    module = AnsibleModule(
        argument_spec={
            "role": {"type": "str", "default": ""},
            "run_id": {"type": "str", "default": ""},
            "payload": {"type": "str", "default": "", "no_log": True},
            "units": {"type": "dict", "default": {}},
            "packages": {"type": "list", "elements": "str", "default": []},
            "sums": {"type": "dict", "default": {}},
            "superseded": {"type": "dict", "default": {}},
            "settle": {"type": "bool", "default": False},
            "state": {"type": "path", "default": "/var/lib/conclave/tree"},
        },
        supports_check_mode=True,
    )

    def run(argv: list[str]) -> tuple[int, str, str]:
        if module.get_bin_path(argv[0]) is None:
            return PROGRAM_MISSING, "", f"{argv[0]} is not installed"
        code, out, err = module.run_command(argv)
        return code, out, err

    host = RoleTree(run, module.params["role"], check=module.check_mode, state=module.params["state"])
    if module.params["settle"]:
        settle(host, module.params["run_id"])
        module.exit_json(changed=False, paths=[], notify=[], started=[], remarks=[], missing=[], altered=[])
    items = json.loads(zlib.decompress(base64.b64decode(module.params["payload"])))
    wanted = [Wanted.from_json(item) for item in items]
    lacking = missing(run, module.params["packages"])
    spoiled = altered(run, module.params["sums"])
    try:
        superseded = Superseded(**module.params["superseded"])
        result = place(host, wanted, superseded, module.params["units"], module.params["run_id"])
    except TreeError as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(
            msg=f"{error.filename or 'a file'} could not be placed: {error.strerror}; "
            "look at the host's disks and permissions"
        )
    if not module._diff:  # noqa: SLF001 - Ansible has no public name for it
        del result["diff"]
    module.exit_json(**result, missing=lacking, altered=spoiled)


def settle(host: RoleTree, run_id: str) -> None:
    """Forget the records that this run wrote: its handlers have run."""
    if host.check:
        return
    for record in host.record.parent.glob("*.json"):
        if json.loads(record.read_text()).get("run") == run_id:
            record.unlink()


def place(
    host: RoleTree, wanted: list[Wanted], superseded: Superseded, units: dict[str, Any], run_id: str
) -> dict[str, Any]:
    """Bring the files and units of a role to the wanted state.

    Users and folders (``sysusers.d``, ``tmpfiles.d``) come first, since other files belong to them. What an earlier
    release has left goes when all files are in place and nothing new was started: both may want the same port.
    Kernel settings that somebody has changed behind their files come back by the handlers of these.
    """
    left = host.unfinished()
    leftovers = superseded.found(host)
    changes = host.changes(wanted)
    first = [change for change in changes if early(change.wanted.path)]
    rest = [change for change in changes if not early(change.wanted.path)]
    apply = sorted({change.wanted.path for change in changes if needs_apply(change.wanted.path)} | set(left["apply"]))
    new = {change.wanted.path for change in changes}
    live = changed_settings(host, [item for item in wanted if item.path not in new])
    stale = [item for item in wanted if item.path in live]
    handlers = {name for item in (*(change.wanted for change in changes), *stale) for name in item.notify}
    notify = sorted(handlers | set(left["notify"]))
    if changes or live or left["apply"] or left["notify"]:
        host.remember(run_id, notify, apply)

    host.place(first)
    present = {item.path for item in wanted if item.state == "file"}
    for path in (path for path in apply if early(path) == "systemd-sysusers" and path in present):
        host.command("systemd-sysusers", f"/{path}")
    for path in (path for path in apply if early(path) == "systemd-tmpfiles" and path in present):
        host.command("systemd-tmpfiles", "--create", f"/{path}")
    host.stop(rest)
    host.place(rest)
    if any(path.startswith(UNIT_FOLDERS) for path in apply):
        host.command("systemctl", "daemon-reload")
    leftovers.remove(host)
    made = host.begin(wanted)

    started = start(host, list(units))
    needless = {name for unit in started for name in as_list(units[unit])}
    notify = [name for name in notify if name not in needless]
    if apply or needless:
        host.remember(run_id, notify, [])
    settings = (f"/{path}: {line}" for path, lines in live.items() for line in lines)
    done = [
        *settings,
        *leftovers.lines(),
        *(f"/{path}: made" for path in made),
        *(f"{unit}: started" for unit in started),
    ]
    return {**answer(host, changes, notify, left, done), "started": started}


def as_list(names: str | list[str]) -> list[str]:
    """Return the handlers that a unit's start makes needless; an empty text stands for none."""
    return [names] if names and isinstance(names, str) else list(names)


def needs_apply(path: str) -> bool:
    """Say whether a file has no effect until a command has read it."""
    return bool(early(path)) or path.startswith(UNIT_FOLDERS)


def start(host: RoleTree, units: list[str]) -> list[str]:
    """Unmask, enable and start units; return those that were not running before."""
    if not units:
        return []
    states = enablement(host, units)
    masked = [unit for unit, state in zip(units, states, strict=True) if state in {"masked", "masked-runtime"}]
    if masked:
        host.command("systemctl", "unmask", *masked)
        host.command("systemctl", "unmask", "--runtime", *masked)
        # Whether it was enabled shows only now; a dry run does not know.
        states = states if host.check else enablement(host, units)
    _, active, _ = host.run(["systemctl", "is-active", *units])
    idle = [
        unit
        for unit, state in zip(units, active.split(), strict=False)
        if state not in {"active", "reloading", "activating"}
    ]
    disabled = [
        unit
        for unit, state in zip(units, states, strict=True)
        if state not in {"enabled", "static", "indirect", "generated", "alias", "masked", "masked-runtime"}
    ]
    if disabled:
        host.command("systemctl", "enable", *disabled)
    if idle:
        try:
            host.command("systemctl", "start", *idle)
        except TreeError as error:
            _, said, _ = host.run(
                ["journalctl", "--no-pager", "-o", "cat", "-n", "10", *(f"--unit={unit}" for unit in idle)]
            )
            raise TreeError(f"{error}\nThe journal says:\n{said.strip()}") from error
    host.remarks += [f"{unit}: unmasked" for unit in masked] + [f"{unit}: enabled" for unit in disabled]
    return idle


def enablement(host: RoleTree, units: list[str]) -> list[str]:
    """Return what systemd says of each unit: enabled, disabled, masked, ..."""
    _, said, _ = host.run(["systemctl", "is-enabled", *units])
    return said.split() if len(said.split()) == len(units) else ["unknown"] * len(units)


def answer(
    host: RoleTree, changes: list[Change], notify: list[str], left: dict[str, Any], done: list[str]
) -> dict[str, Any]:
    """Return the module's result; ``done`` is what was done beside placing files."""
    again = [f"left by an interrupted run: {name}" for name in left["notify"] + left["apply"]]
    paths = [f"/{change.wanted.path}: {', '.join(change.reasons)}" for change in changes]
    paths += done
    enabled = any(remark.endswith((": enabled", ": unmasked")) for remark in host.remarks)
    return {
        "changed": bool(changes or again or done or enabled),
        "paths": paths + again,
        "notify": notify,
        "remarks": host.remarks,
        "diff": [describe(change) for change in changes],
    }


if __name__ == "__main__":
    main()
