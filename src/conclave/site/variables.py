"""Variables in a site's files that Ansible alone would follow, or nobody: each with what to write instead."""

from __future__ import annotations

from difflib import get_close_matches

from conclave.site.model import Host

OURS = tuple(name for name in Host.model_fields if name.startswith("conclave_"))
# How a host is reached; preflight, checks, evidence and the crisis switch follow these as Ansible does.
REACHING = tuple(name for name in Host.model_fields if name.startswith("ansible_"))
_SSH_CONFIG = "nothing here, but in ~/.ssh/config, which every command follows, or in ansible_ssh_common_args"
_KEYS = "nothing; hosts are reached with ssh keys: put the control node's into authorized_keys"
_BECOME = "nothing; commands become root's by sudo, without a password, where ansible_user is not root"
_INSTEAD = {
    "ansible_ssh_host": "ansible_host, its present name",
    "ansible_ssh_port": "ansible_port, its present name",
    "ansible_ssh_user": "ansible_user, its present name",
    "ansible_ssh_args": _SSH_CONFIG,
    "ansible_ssh_extra_args": _SSH_CONFIG,
    "ansible_sftp_extra_args": _SSH_CONFIG,
    "ansible_scp_extra_args": _SSH_CONFIG,
    "ansible_ssh_executable": _SSH_CONFIG,
    "ansible_ssh_private_key_file": f"{_SSH_CONFIG}: -o IdentityFile=~/.ssh/site",
    "ansible_private_key_file": f"{_SSH_CONFIG}: -o IdentityFile=~/.ssh/site",
    "ansible_password": _KEYS,
    "ansible_ssh_pass": _KEYS,
    "ansible_ssh_password": _KEYS,
    "ansible_become": _BECOME,
    "ansible_become_user": _BECOME,
    "ansible_become_method": _BECOME,
    "ansible_become_password": _BECOME,
    "ansible_become_pass": _BECOME,
    "ansible_become_exe": _BECOME,
    "ansible_become_flags": _BECOME,
}
# Share of letters in common from which a variable is taken for a misspelt one.
_CLOSE = 0.85


def wanted(variable: str, value: object) -> str | None:
    """Return what belongs in the place of a variable of ``hosts.yml``, or None when it may stay.

    Ansible's other variables (``ansible_python_interpreter``) and the operator's own are nobody else's business.
    """
    if variable in OURS or variable in REACHING:
        return None
    if variable == "ansible_connection":
        return None if value == "ssh" else "ssh or nothing; no other connection reaches a host from every command"
    if variable in _INSTEAD:
        return _INSTEAD[variable]
    plain = variable.lower().replace("-", "_")
    near = get_close_matches(plain, (*OURS, *REACHING), n=1, cutoff=_CLOSE)
    if not near and not plain.startswith("conclave"):
        return None
    return f"{near[0] if near else 'none of this'}; known here: {', '.join(OURS)}"


def reaches(variable: str) -> bool:
    """Tell whether a variable says how a host is reached; such a one belongs in ``hosts.yml`` or nowhere."""
    return variable in REACHING or variable in _INSTEAD or variable == "ansible_connection"
