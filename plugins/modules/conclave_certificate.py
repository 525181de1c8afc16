# SPDX-License-Identifier: GPL-3.0-or-later
"""The host's half of ``conclave_certificate``: makes the key, which stays there, and keeps the certificate."""

from __future__ import annotations

import grp
import os
import re
import tempfile
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
module: conclave_certificate
short_description: Give a host its TLS certificate from the site's own authority
description:
  - The key is made on the host and stays there; the control node signs its request.
  - Nothing is done while the present certificate is good, names the same names and has more than I(renew_days) left.
options:
  folder: {description: Where the files are, type: path, required: true}
  common_name: {description: The host's name, type: str, required: true}
  names: {description: Names the certificate is good for, type: list, elements: str, required: true}
  authority_certificate: {description: PEM of the authority, type: str, required: true}
  renew_days: {description: Days before the end at which a new one is made, type: int, required: true}
  certificate: {description: 'PEM of the answer; without it, only a request is made', type: str}
author: [Conclave]
"""
RETURN = r"""
request: {description: PEM of the request; empty while the present certificate is good., type: str, returned: always}
reason: {description: Why a new certificate is needed., type: str, returned: always}
"""

DAY = 86400


def main() -> None:
    """Look, or put the answer in its place."""
    module = AnsibleModule(
        argument_spec={
            "folder": {"type": "path", "required": True},
            "common_name": {"type": "str", "required": True},
            "names": {"type": "list", "elements": "str", "required": True},
            "authority_certificate": {"type": "str", "required": True},
            "renew_days": {"type": "int", "required": True},
            "certificate": {"type": "str", "default": ""},
        },
        supports_check_mode=True,
    )
    folder = Path(module.params["folder"])
    key, waiting = folder / "host.key", folder / ".host.key.new"
    if module.params["certificate"]:
        waiting.replace(key)
        for name in ("host.crt", "host-chain.crt"):
            write(folder / name, module.params["certificate"], 0o644)
        module.exit_json(changed=True, request="", reason="")
    reason = why_new(module, folder)
    if not reason or module.check_mode:
        module.exit_json(changed=bool(reason), request="", reason=reason)
    prepare(module, folder)
    write(
        waiting,
        run(module, "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"),
        0o640,
        grp.getgrnam("conclave-tls").gr_gid,
    )
    request = run(module, "req", "-new", "-key", str(waiting), "-subj", f"/CN={module.params['common_name']}")
    module.exit_json(changed=True, request=request, reason=reason)


def why_new(module: AnsibleModule, folder: Path) -> str:
    """Return why the present certificate does not do, or an empty string when it does."""
    crt, key = folder / "host.crt", folder / "host.key"
    if not crt.exists() or not key.exists():
        return "there is none"
    code, text, _ = module.run_command(
        ["openssl", "x509", "-in", str(crt), "-noout", "-pubkey", "-ext", "subjectAltName"]
    )
    _, public, _ = module.run_command(["openssl", "pkey", "-in", str(key), "-pubout"])
    if code or not public or public.strip() not in text:
        return "key and certificate do not belong together"
    wanted = set(module.params["names"])
    # Addresses, which certificates of earlier releases carry, make it another one too.
    found = {*re.findall(r"DNS:([^,\s]+)", text), *re.findall(r"IP Address:([0-9A-Fa-f.:]+)", text)}
    if found != wanted:
        return f"its names change: {', '.join(sorted(found ^ wanted))}"
    with tempfile.NamedTemporaryFile("w") as authority:
        authority.write(module.params["authority_certificate"])
        authority.flush()
        code, _, wrong = module.run_command(
            ["openssl", "verify", "-partial_chain", "-trusted", authority.name, str(crt)]
        )
    if code:
        return f"this authority does not vouch for it: {wrong.strip()}"
    code, _, _ = module.run_command(
        ["openssl", "x509", "-in", str(crt), "-noout", "-checkend", str(module.params["renew_days"] * DAY)]
    )
    return f"it ends within {module.params['renew_days']} days" if code else ""


def prepare(module: AnsibleModule, folder: Path) -> None:
    """Make the group that may read the key, and the folder."""
    code, _, err = module.run_command(["systemd-sysusers", "--inline", "g conclave-tls -"])
    if code:
        module.fail_json(msg=f"the group conclave-tls could not be made: {err.strip()}")
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)


def run(module: AnsibleModule, *arguments: str) -> str:
    """Run openssl; its failure ends the task."""
    code, out, err = module.run_command(["openssl", *arguments])
    if code:
        module.fail_json(msg=f"openssl {arguments[0]} failed: {err.strip()}")
    return str(out)


def write(path: Path, text: str, mode: int, gid: int = 0) -> None:
    """Write a file whole, never in part."""
    descriptor, fresh = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(descriptor, "w") as file:
        os.fchmod(file.fileno(), mode)
        os.fchown(file.fileno(), 0, gid)
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    Path(fresh).replace(path)


if __name__ == "__main__":
    main()
