# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring a Keycloak realm to the state that is kept as code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.conclave_keycloak.bootstrap import Accounts, sign_in
from ansible.module_utils.conclave_keycloak.client import AdminClient, KeycloakError
from ansible.module_utils.conclave_keycloak.engine import Realm, apply

DOCUMENTATION = r"""
module: conclave_keycloak_realm
short_description: Bring a Keycloak realm to the state that is kept as code
description:
  - Compares the realm with the wanted one over the admin API, object by object, and changes what differs.
  - On a new server it first creates the service account and deletes the temporary administrator.
  - Needs nothing but Python's standard library on the host. Supports check mode and diff mode.
options:
  url:
    description: Address of Keycloak, reached from this host.
    type: str
    required: true
  ca:
    description: File with the CA that signed Keycloak's certificate.
    type: path
    default: ""
  realm:
    description: The realm. Keys are realm, settings, profile, required_actions, roles, flows, bindings, clients, users.
    type: dict
    required: true
  secrets:
    description: Values for every C(secret_name) and C(password_name) in the realm.
    type: dict
    default: {}
  admin_client_id:
    description: Service account of the master realm that this module works as.
    type: str
    default: conclave-admin
  admin_client_secret:
    description: Its secret.
    type: str
    required: true
  bootstrap_user:
    description: Temporary administrator, used once.
    type: str
    default: conclave-bootstrap
  bootstrap_password:
    description: Its password.
    type: str
    required: true
  wait:
    description: Seconds to wait for a server that is still starting.
    type: int
    default: 180
author: [Conclave]
"""

EXAMPLES = r"""
- name: realm | Apply the realm
  conclave_keycloak_realm:
    url: https://keycloak.conf.example.org:8443
    ca: /etc/conclave/tls/ca.crt
    realm: "{{ lookup('ansible.builtin.template', 'realm.yml.j2') | from_yaml }}"
    secrets: {portal: "{{ keycloak_portal_secret }}", conclave-probe: "{{ keycloak_probe_secret }}"}
    admin_client_secret: "{{ keycloak_admin_secret }}"
    bootstrap_password: "{{ keycloak_bootstrap_password }}"
"""

RETURN = r"""
changes: {description: One line a difference., type: list, returned: always}
"""


def main() -> None:
    """Read the parameters, act, answer."""
    module = AnsibleModule(
        argument_spec={
            "url": {"type": "str", "required": True},
            "ca": {"type": "path", "default": ""},
            "realm": {"type": "dict", "required": True},
            "secrets": {"type": "dict", "default": {}, "no_log": True},
            "admin_client_id": {"type": "str", "default": "conclave-admin"},
            "admin_client_secret": {"type": "str", "required": True, "no_log": True},
            "bootstrap_user": {"type": "str", "default": "conclave-bootstrap"},
            "bootstrap_password": {"type": "str", "required": True, "no_log": True},
            "wait": {"type": "int", "default": 180},
        },
        supports_check_mode=True,
    )
    given: dict[str, Any] = dict(module.params)
    spec = dict(given["realm"])
    try:
        wanted = Realm(name=spec.pop("realm"), secrets=given["secrets"], **spec)
    except (KeyError, TypeError) as error:
        known = "realm, settings, profile, required_actions, roles, flows, bindings, clients, users"
        module.fail_json(msg=f"realm: {error}; known keys are {known}")
    accounts = Accounts(
        given["admin_client_id"], given["admin_client_secret"], given["bootstrap_user"], given["bootstrap_password"]
    )
    # A host that is still blank has no authority's certificate, no server and no realm: all of it would be new.
    blank = {"changed": True, "changes": [f"+ realms/{wanted.name} (Keycloak does not run yet)"]}
    if module.check_mode and given["ca"] and not Path(given["ca"]).exists():
        module.exit_json(**blank)
    client = AdminClient(given["url"], given["ca"])
    try:
        changes = sign_in(client, accounts, check=module.check_mode, wait=0 if module.check_mode else given["wait"])
        changes += apply(wanted, client, check=module.check_mode)
    except KeycloakError as error:
        if module.check_mode and error.status == 0:
            module.exit_json(**blank)
        module.fail_json(msg=str(error))
    lines = [str(change) for change in changes]
    diff = {"prepared": "".join(f"{line}\n" for line in lines)}
    module.exit_json(changed=bool(lines), changes=lines, diff=diff)


if __name__ == "__main__":
    main()
