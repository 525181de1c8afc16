# SPDX-License-Identifier: GPL-3.0-or-later
"""Render a role's ``tree/`` on the control node and place it on the host with one module call.

A task costs the same whatever it does, so a role's files travel together. ``tree.yml`` says what differs from
``root:root 0644``; its keys are paths without ``.j2``:

``owner``, ``group``, ``mode``
    As in :manpage:`install(1)`; the mode is a quoted octal number.
``validate``
    A command that must accept this one file before anything is replaced; ``%s`` is a copy in the same folder.
``validate_all``
    A command that must accept the whole when this file has changed and all files of the role stand in their places; a
    refusal puts the old files back. Run once, however many files name it.
``initial``
    A command that makes this path in the first life of a host, once all files are in place; a path that is there is
    never touched.
``notify``
    A handler or a list of handlers, run when this very file changed.
``when``
    A condition; a file whose condition is false is left as it is.
``remove``
    True: the path must not exist. A template may say so: ``remove: "{{ not livekit_turn }}"``.
``link``
    Where a symbolic link points.
``from``
    A file on the control node that is sent as it is, for what does not live in the role.
``exclusive``
    True, for a folder (its key ends with ``/``): files in it that this role does not place are removed.
``whole``
    True, for a folder (its key ends with ``/``): its service reads whatever lies in it; ``conclave verify`` names what
    neither a role nor a package has put there.
``checksum``
    True: a last line holds the SHA-256 of all lines above it (``# sha256 ...``); by it the host knows a damaged file.
``secret``
    True: the content never appears in a diff or an error. Default: true when others may not read the file.

``superseded``, in the place of a path, lists what an earlier release has put on hosts and this one does not: ``units``
(stopped, disabled, removed before others start), ``paths`` (a folder's ends with ``/``) and ``users``.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import platform
import zlib
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.plugins.action import ActionBase
from ansible.template import trust_as_template

from conclave import placed
from conclave.contents import Contents
from conclave.errors import ConclaveError

KEYS = {
    "owner",
    "group",
    "mode",
    "validate",
    "validate_all",
    "initial",
    "notify",
    "when",
    "remove",
    "link",
    "from",
    "exclusive",
    "whole",
    "checksum",
    "secret",
}
SUPERSEDED = {"units", "paths", "users"}
OTHERS_READ = 0o004
# Fact of a host whose record of unfinished work waits for handlers; spares a play's last task its round trip.
UNSETTLED = "conclave_unsettled"
# Fact of a dry run: what each role was sent, and which handlers and units it has named. Where a role comes again, a
# real run finds its files in their places; and what its handlers do is done when other tasks look.
FORETOLD = "conclave_foretold"


class ActionModule(ActionBase):  # type: ignore[misc] # ansible-core ships no types
    """Render, send, and notify the handlers of the files that changed."""

    _requires_connection = True
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Place the files of the role this task belongs to."""
        variables = task_vars or {}
        super().run(tmp, variables)
        _, arguments = self.validate_argument_spec(
            {
                "units": {"type": "dict", "default": {}},
                "packages": {"type": "list", "elements": "str", "default": []},
                "contents": {"type": "path"},
                "settle": {"type": "bool", "default": False},
                "state": {"type": "path", "default": "/var/lib/conclave/tree"},
            }
        )
        message: dict[str, Any] = {"run_id": f"{platform.node()}:{os.getppid()}", "state": arguments["state"]}
        if arguments["settle"]:
            return {**self._send({**message, "settle": True}, variables), "ansible_facts": {UNSETTLED: False}}
        role = self._task._role  # noqa: SLF001 - the one way to learn whose task this is
        if role is None:
            raise AnsibleActionFail("conclave_tree places the files of a role; it was called outside of one")
        folder = Path(role._role_path)  # noqa: SLF001
        files = self._files(folder, role.get_name(), variables)
        sent = {
            "role": role.get_name(),
            "payload": base64.b64encode(zlib.compress(json.dumps(files).encode())).decode(),
            "units": arguments["units"],
            "packages": arguments["packages"],
            "sums": self._sums(arguments),
            "superseded": self._superseded(folder / "tree.yml"),
        }
        if self._task.check_mode:
            return self._foretell({**message, **sent}, variables)
        result = self._send({**message, **sent}, variables)
        site = variables.get("conclave")
        if site and not result.get("failed"):
            # `conclave verify` compares with what was sent from here, not with what the host says it was sent.
            host = variables["inventory_hostname"]
            contents = Path(arguments["contents"]) if arguments["contents"] else None
            placed.record(
                site["site"]["name"],
                host,
                role.get_name(),
                files,
                arguments["units"],
                arguments["packages"],
                contents,
            )
        if not result.get("failed"):
            # The strategy reads the task's own list; this copy of the task belongs to this host alone.
            self._task.notify = [*(self._task.notify or []), *result.get("notify", [])]
            if result.get("notify"):
                result["ansible_facts"] = {UNSETTLED: True}
        return result

    def _foretell(self, message: dict[str, Any], variables: dict[str, Any]) -> dict[str, Any]:
        """Ask what a real run would do.

        No handler is notified: it would look for units that only the real run brings.
        """
        told: dict[str, Any] = variables.get("ansible_facts", {}).get(FORETOLD, {})
        role, digest = message["role"], hashlib.sha256(json.dumps(message).encode()).hexdigest()
        if told.get(role, {}).get("sent") == digest:
            lists = ("paths", "notify", "started", "remarks", "missing", "altered")
            return {"changed": False, **{name: [] for name in lists}}
        result = self._send(message, variables)
        if result.get("failed"):
            return result
        news = {"sent": digest, "notify": result["notify"], "started": result["started"]}
        return {**result, "ansible_facts": {FORETOLD: {**told, role: news}}}

    @staticmethod
    def _sums(arguments: dict[str, Any]) -> dict[str, dict[str, str]]:
        if not arguments["contents"]:
            return {}
        try:
            return Contents.load(Path(arguments["contents"])).sums(arguments["packages"])
        except ConclaveError as error:
            raise AnsibleActionFail("\n".join(error.lines())) from error

    def _send(self, arguments: dict[str, Any], variables: dict[str, Any]) -> dict[str, Any]:
        result: dict[str, Any] = self._execute_module(
            module_name="conclave_tree", module_args=arguments, task_vars=variables
        )
        return result

    def _files(self, folder: Path, role: str, variables: dict[str, Any]) -> list[dict[str, Any]]:
        settings = self._settings(folder / "tree.yml", variables)
        tree = folder / "tree"
        sources = {
            str(path.relative_to(tree)).removesuffix(".j2"): path for path in sorted(tree.rglob("*")) if path.is_file()
        }
        wanted = [path for path in sorted({*sources, *settings}) if settings.get(path, {}).get("when", True)]
        return [self._item(path, sources.get(path), settings.get(path, {}), role, variables) for path in wanted]

    def _item(
        self, path: str, source: Path | None, setting: dict[str, Any], role: str, variables: dict[str, Any]
    ) -> dict[str, Any]:
        notify = setting.get("notify", [])
        item: dict[str, Any] = {
            "path": path,
            "state": "file",
            "notify": [notify] if isinstance(notify, str) else list(notify),
        }
        if setting.get("remove"):
            return {**item, "state": "absent"}
        if setting.get("exclusive"):
            return {**item, "path": path.rstrip("/"), "state": "exclusive"}
        if setting.get("whole"):
            return {**item, "path": path.rstrip("/"), "state": "whole"}
        if "initial" in setting:
            return {**item, "state": "initial", "command": setting["initial"]}
        if "link" in setting:
            return {**item, "state": "link", "target": setting["link"]}
        if "from" in setting:
            if not Path(setting["from"]).is_file():
                raise AnsibleActionFail(f"{setting['from']} does not exist; the role {role} places it as /{path}")
            content = Path(setting["from"]).read_bytes()
        elif source is None:
            raise AnsibleActionFail(f"tree.yml of the role {role} names {path}, but there is no such file")
        else:
            content = self._content(path, source, role, variables)
        if setting.get("checksum"):
            content += f"# sha256 {hashlib.sha256(content).hexdigest()}\n".encode()
        mode = setting.get("mode", "0644")
        return {
            **item,
            "owner": setting.get("owner", "root"),
            "group": setting.get("group", "root"),
            "mode": mode,
            "secret": bool(setting.get("secret", not int(mode, 8) & OTHERS_READ)),
            "validate": setting.get("validate", ""),
            "validate_all": setting.get("validate_all", ""),
            "content": base64.b64encode(content).decode(),
        }

    def _settings(self, path: Path, variables: dict[str, Any]) -> dict[str, dict[str, Any]]:
        if not path.is_file():
            return {}
        loaded = self._load(path)
        loaded.pop("superseded", None)
        settings: dict[str, dict[str, Any]] = {}
        for name, values in loaded.items():
            unknown = set(values) - KEYS
            if unknown:
                raise AnsibleActionFail(
                    f"{path}: {name} has {', '.join(sorted(unknown))}; known are {', '.join(sorted(KEYS))}"
                )
            if not isinstance(values.get("mode", "0644"), str):
                raise AnsibleActionFail(
                    f'{path}: {name} has mode {values["mode"]}; write it as a quoted octal number ("0640")'
                )
            for key, wanted in (("validate", True), ("validate_all", False), ("initial", False)):
                if key in values and ("%s" in values[key]) is not wanted:
                    raise AnsibleActionFail(
                        f"{path}: {name}: {key} is {values[key]!r}; validate looks at one file, which is %s; "
                        "validate_all and initial look at the host, without %s"
                    )
            settings[name] = {
                key: self._value(f"{path}: {name}: {key}", key, value, variables) for key, value in values.items()
            }
        return settings

    def _superseded(self, path: Path) -> dict[str, list[str]]:
        """Return what an earlier release has left: plain names, the same on every host."""
        found: dict[str, list[str]] = self._load(path).get("superseded", {}) if path.is_file() else {}
        if set(found) - SUPERSEDED:
            raise AnsibleActionFail(f"{path}: superseded has {sorted(found)}; known are {sorted(SUPERSEDED)}")
        return found

    def _load(self, path: Path) -> dict[str, Any]:
        loaded: dict[str, Any] = self._loader.load_from_file(str(path), cache="none", trusted_as_template=True) or {}
        return dict(loaded)

    def _value(self, place: str, key: str, value: Any, variables: dict[str, Any]) -> Any:  # noqa: ANN401 - YAML's own types
        self._templar.available_variables = variables
        try:
            if key == "when" and isinstance(value, str):
                return bool(self._templar.evaluate_conditional(value))
            return self._templar.template(value)
        except AnsibleError as error:
            raise AnsibleActionFail(f"{place}: {error.message}") from error

    def _content(self, path: str, source: Path, role: str, variables: dict[str, Any]) -> bytes:
        if source.suffix != ".j2":
            return source.read_bytes()
        extra = {
            "__tree_path": f"/{path}",
            "__tree_role": role,
            "__tree_note": f"Written by Conclave (role {role}); the next deployment undoes what is changed here.",
        }
        templar = self._templar.copy_with_new_env(
            searchpath=[str(source.parent)], available_variables={**variables, **extra}
        )
        try:
            text = templar.template(
                trust_as_template(source.read_text()),
                escape_backslashes=False,
                overrides={"trim_blocks": True, "lstrip_blocks": True, "keep_trailing_newline": True},
            )
        except AnsibleError as error:
            raise AnsibleActionFail(f"{source}: {error.message}") from error
        if not isinstance(text, str):
            raise AnsibleActionFail(f"{source} renders to {type(text).__name__}, not to text; end it with a newline")
        return text.encode()
