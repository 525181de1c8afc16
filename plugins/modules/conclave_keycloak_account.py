# SPDX-License-Identifier: GPL-3.0-or-later
"""Add, list, lock, unlock or reset one account of a Keycloak realm."""

from __future__ import annotations

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.conclave_keycloak import people
from ansible.module_utils.conclave_keycloak.client import AdminClient, KeycloakError

DOCUMENTATION = r"""
module: conclave_keycloak_account
short_description: Add, list, lock, unlock or reset one account of a Keycloak realm
description:
  - Works as the service account that C(conclave_keycloak_realm) made. Needs only Python's standard library on the host.
options:
  url: {description: Address of Keycloak., type: str, required: true}
  ca: {description: File with the CA that signed its certificate., type: path, default: ""}
  realm: {description: Name of the realm., type: str, default: conclave}
  admin_client_id: {description: Service account., type: str, default: conclave-admin}
  admin_client_secret: {description: Its secret., type: str, required: true}
  action: {description: What to do., type: str, choices: [add, list, lock, unlock, reset], required: true}
  username: {description: The account; not for list., type: str, default: ""}
  email: {description: For add., type: str, default: ""}
  first_name: {description: For add., type: str, default: ""}
  last_name: {description: For add., type: str, default: ""}
  roles: {description: Realm roles for add., type: list, elements: str, default: [member]}
  password: {description: First password, for add and reset., type: str, default: ""}
author: [Conclave]
"""

EXAMPLES = r"""
- name: Lock an account
  conclave_keycloak_account:
    url: https://keycloak.conf.example.org:8443
    ca: /etc/conclave/tls/ca.crt
    admin_client_secret: "{{ secret_keycloak_admin }}"
    action: lock
    username: j.doe
"""

RETURN = r"""
accounts: {description: For list; username, name, email, enabled., type: list, returned: when listing}
"""


def main() -> None:
    """Read the parameters, act, answer."""
    text = {"type": "str", "default": ""}
    module = AnsibleModule(
        argument_spec={
            "url": {"type": "str", "required": True},
            "ca": {"type": "path", "default": ""},
            "realm": {"type": "str", "default": "conclave"},
            "admin_client_id": {"type": "str", "default": "conclave-admin"},
            "admin_client_secret": {"type": "str", "required": True, "no_log": True},
            "action": {"type": "str", "choices": ["add", "list", "lock", "unlock", "reset"], "required": True},
            "username": text,
            "email": text,
            "first_name": text,
            "last_name": text,
            "roles": {"type": "list", "elements": "str", "default": ["member"]},
            "password": {**text, "no_log": True},
        },
    )
    given: dict[str, Any] = module.params
    client = AdminClient(given["url"], given["ca"])
    grant = {
        "grant_type": "client_credentials",
        "client_id": given["admin_client_id"],
        "client_secret": given["admin_client_secret"],
    }
    try:
        client.sign_in(grant)
        module.exit_json(**_act(client, given))
    except KeycloakError as error:
        module.fail_json(msg=str(error))


def _act(client: AdminClient, given: dict[str, Any]) -> dict[str, Any]:
    realm, username, action = given["realm"], given["username"], given["action"]
    if action == "list":
        return {"changed": False, "accounts": people.listed(client, realm)}
    if action == "add":
        person = people.Person(username, given["email"], given["first_name"], given["last_name"], tuple(given["roles"]))
        people.add(client, realm, person, given["password"])
        return {"changed": True}
    if action == "reset":
        people.reset(client, realm, username, given["password"])
        return {"changed": True}
    return {"changed": people.set_enabled(client, realm, username, enabled=action == "unlock")}


if __name__ == "__main__":
    main()
