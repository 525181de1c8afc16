# SPDX-License-Identifier: GPL-3.0-or-later
"""Check a bundle on the control node and bring it to the depot host: one look, one stream of what is missing."""

from __future__ import annotations

import base64
import json
import tarfile
import tempfile
import zlib
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from conclave.bundle.verify import verify
from conclave.errors import ConclaveError


class ActionModule(ActionBase):  # type: ignore[misc] # ansible-core ships no types
    """Verify, compare, send, switch."""

    _requires_connection = True
    _supports_check_mode = True
    TRANSFERS_FILES = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Bring the bundle to the host when it is another than the one it serves."""
        variables = task_vars or {}
        super().run(tmp, variables)
        _, given = self.validate_argument_spec(
            {
                "bundle": {"type": "path", "required": True},
                "trust": {"type": "path", "required": True},
                "folder": {"type": "path", "required": True},
                "keep": {"type": "int", "required": True},
            }
        )
        bundle = Path(given["bundle"])
        try:
            manifest = verify(bundle, Path(given["trust"]) / "root.json")
        except ConclaveError as error:
            raise AnsibleActionFail("\n".join(error.lines())) from error
        files = dict(manifest["files"])
        arguments = {
            "folder": given["folder"],
            "keep": given["keep"],
            "serial": manifest["serial"],
            "manifest": base64.b64encode(zlib.compress(json.dumps(files).encode())).decode(),
        }
        answer = self._ask(arguments, variables)
        if answer.get("failed") or not answer["changed"] or self._task.check_mode:
            return answer
        with tempfile.TemporaryDirectory(prefix="conclave-bundle-") as folder:
            archive = Path(folder, "missing.tar")
            with tarfile.open(archive, "w") as stream:
                for path in answer["missing"]:
                    stream.add(bundle / path, arcname=path, recursive=False)
            remote = self._connection._shell.join_path(self._make_tmp_path(), "missing.tar")  # noqa: SLF001 - Ansible's own way
            self._transfer_file(str(archive), remote)
        self._fixup_perms2((self._connection._shell.tmpdir, remote))  # noqa: SLF001
        try:
            return self._ask({**arguments, "archive": remote}, variables)
        finally:
            self._remove_tmp_path(self._connection._shell.tmpdir)  # noqa: SLF001

    def _ask(self, arguments: dict[str, Any], variables: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = self._execute_module(
            module_name="conclave_bundle", module_args=arguments, task_vars=variables
        )
        answer.pop("invocation", None)
        return answer
