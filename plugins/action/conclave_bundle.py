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

from conclave import contents
from conclave.bundle.files import regular_files, roomy, sha256
from conclave.bundle.manifest import NAME, Manifest
from conclave.bundle.verifying import verify
from conclave.errors import ConclaveError

# The key that hosts trust, and what they are held to.
TAKEN = ("apt/depot.gpg", contents.NAME)


def _as_signed(bundle: Path, manifest: Manifest) -> None:
    """Check the files that are taken from here and not from the depot, when nothing else is looked at.

    Raises
    ------
    ConclaveError
        When one is not the file that came to the depot with this release.
    """
    for name in TAKEN:
        if name in manifest.files and sha256(bundle / name) != manifest.files[name].sha256:
            raise ConclaveError(
                f"{name} in {bundle} is not the file that was signed",
                expected=f"SHA-256 {manifest.files[name].sha256}",
                todo="copy the bundle again from where it was built",
            )


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
        bundle, trust = Path(given["bundle"]), Path(given["trust"]) / "root.json"
        try:
            manifest = Manifest.load(bundle)
        except ConclaveError as error:
            raise AnsibleActionFail("\n".join(error.lines())) from error
        arguments: dict[str, Any] = {
            "folder": given["folder"],
            "keep": given["keep"],
            "serial": manifest.serial,
            "digest": sha256(bundle / NAME),
        }
        answer = self._ask(arguments, variables)
        if answer.get("failed"):
            return answer
        try:
            if not answer["changed"]:
                _as_signed(bundle, manifest)
                return answer
            manifest = verify(bundle, trust, answer.pop("installed"), learn=True)
        except ConclaveError as error:
            raise AnsibleActionFail("\n".join(error.lines())) from error
        if self._task.check_mode:
            return {**answer, "msg": f"would bring release {manifest.serial}"}
        listed = {path: entry.sha256 for path, entry in manifest.files.items()}
        signatures = {path: sha256(bundle / path) for path in regular_files(bundle) if path not in listed}
        arguments["files"] = base64.b64encode(zlib.compress(json.dumps({**listed, **signatures}).encode())).decode()
        answer = self._ask(arguments, variables)
        if answer.get("failed"):
            return answer
        try:
            room = roomy(sum((bundle / path).stat().st_size for path in answer["missing"]))
        except ConclaveError as error:
            raise AnsibleActionFail("\n".join(error.lines())) from error
        with tempfile.TemporaryDirectory(prefix="conclave-bundle-", dir=room) as folder:
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
