# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare what all roles of a host are given with their ``meta/argument_specs.yml``, before anything changes.

Ansible by itself adds such a task to every role: twenty of them in a deploy, each as dear as one that does something,
and the last of them after most of the site has changed. So the playbook turns them off (``rolespec_validate: false``)
and asks here, once, for every role. Every finding is told, not only the first role's.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible import constants
from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values
from ansible.plugins.action import ActionBase
from ansible.utils.vars import combine_vars


class ActionModule(ActionBase):  # type: ignore[misc] # ansible-core ships no types
    """Read the roles' own files, evaluate what they ask for, say what does not fit."""

    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Check the roles named in ``roles`` and those they depend on; nothing is asked of the host."""
        variables = task_vars or {}
        result: dict[str, Any] = super().run(tmp, variables)
        _, given = self.validate_argument_spec({"roles": {"type": "list", "elements": "str", "required": True}})
        folders = self._with_dependencies(given["roles"])
        # As in a play of these roles: a role's defaults give way to everything, its vars to nothing that is set here.
        for folder in folders.values():
            variables = combine_vars(self._read(folder / "defaults/main.yml"), variables)
        for folder in folders.values():
            variables = combine_vars(variables, self._read(folder / "vars/main.yml"))
        self._templar.available_variables = variables
        found = [
            f"role {name}: {message}" for name, folder in folders.items() for message in self._check(folder, variables)
        ]
        if found:
            result |= {"failed": True, "msg": "\n".join(found), "argument_errors": found}
        return {**result, "changed": False}

    def _with_dependencies(self, names: list[str]) -> dict[str, Path]:
        folders: dict[str, Path] = {}
        waiting = list(names)
        while waiting:
            name = waiting.pop(0)
            if name in folders:
                continue
            folders[name] = self._folder(name)
            needs = self._read(folders[name] / "meta/main.yml").get("dependencies") or []
            waiting += [need if isinstance(need, str) else str(need.get("role") or need["name"]) for need in needs]
        return folders

    @staticmethod
    def _folder(name: str) -> Path:
        roles = [Path(path) for path in constants.config.get_config_value("DEFAULT_ROLES_PATH")]
        for folder in roles:
            if (folder / name).is_dir():
                return folder / name
        raise AnsibleActionFail(f"there is no role {name} in {', '.join(map(str, roles))}")

    def _read(self, file: Path) -> dict[str, Any]:
        if not file.is_file():
            return {}
        return dict(self._loader.load_from_file(str(file), trusted_as_template=True) or {})

    def _check(self, folder: Path, variables: dict[str, Any]) -> list[str]:
        messages: list[str] = []
        specification = self._read(folder / "meta/argument_specs.yml").get("argument_specs") or {}
        for entry in specification.values():
            options = entry.get("options") or {}
            values = {}
            for name in options:
                if name in variables:
                    try:
                        values[name] = self._templar.template(variables[name])
                    except AnsibleError as error:
                        messages.append(f"{name}: {error.message}")
                        # One finding is enough: without a value it would be missing as well.
                        options = {key: value for key, value in options.items() if key != name}
            answer = ArgumentSpecValidator(options).validate(values)
            # A secret of a wrong kind would be told with its value.
            messages += remove_values(answer.error_messages, answer._no_log_values)  # noqa: SLF001 - no public name
        return list(dict.fromkeys(messages))
