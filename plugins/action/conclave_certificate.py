# SPDX-License-Identifier: GPL-3.0-or-later
"""Sign a host's certificate request on the control node; one round trip while the present certificate is good."""

from __future__ import annotations

import datetime as dt
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):  # type: ignore[misc] # ansible-core ships no types
    """Ask the host for a request, sign it, hand the certificate back. The authority's key stays in this process."""

    _requires_connection = True
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Give the host a certificate when it needs one."""
        variables = task_vars or {}
        super().run(tmp, variables)
        _, given = self.validate_argument_spec(
            {
                "folder": {"type": "path", "required": True},
                "common_name": {"type": "str", "required": True},
                "names": {"type": "list", "elements": "str", "required": True},
                "authority_key": {"type": "str", "required": True, "no_log": True},
                "authority_certificate": {"type": "str", "required": True},
                "lifetime_days": {"type": "int", "required": True},
                "renew_days": {"type": "int", "required": True},
            }
        )
        key, days = given.pop("authority_key"), given.pop("lifetime_days")
        result = self._ask(given, variables)
        if result.get("failed") or not result.get("request"):
            return result
        # Only now: most runs sign nothing and need no cryptography.
        from conclave_host.certificates.issuing import RefusedError, sign, subject_names  # noqa: PLC0415

        try:
            certificate = sign(
                result["request"].encode(),
                key.encode(),
                given["authority_certificate"].encode(),
                common_name=given["common_name"],
                names=subject_names(given["names"]),
                lifetime=dt.timedelta(days=days),
            )
        except RefusedError as error:
            raise AnsibleActionFail(f"no certificate for {given['common_name']}: {error}") from error
        return {**self._ask({**given, "certificate": certificate.decode()}, variables), "reason": result["reason"]}

    def _ask(self, arguments: dict[str, Any], variables: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = self._execute_module(
            module_name="conclave_certificate", module_args=arguments, task_vars=variables
        )
        return answer
