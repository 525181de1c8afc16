"""A call at a site: everything it needs is read from the inventory."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from conclave.call.admission import NodeAdmission, PortalAdmission
from conclave.call.session import Outside, hold
from conclave.errors import ConclaveError, ExitCode
from conclave.lab import Lab
from conclave.lab.outsiders import PATHS, bound
from conclave.site import secrets
from conclave.site.trusted import ca_file

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from conclave.call.admission import Invitation
    from conclave.call.result import CallResult
    from conclave.call.session import Plan
    from conclave.site.model import Site


def users_prefix() -> Sequence[str]:
    """Return what leads a command into the users' zone: nothing at a real site, where it runs is where users are."""
    lab_name = os.environ.get("CONCLAVE_LAB")
    if lab_name is None:
        return ()
    return Lab(lab_name).command("users", [])


def outside_prefix(path: str) -> Sequence[str]:
    """Return what leads a command out of the lab's site, bound to a path of `PATHS` or free to take ``any``.

    Raises
    ------
    ConclaveError
        At a real site: nobody there stands outside by a command.
    """
    lab_name = os.environ.get("CONCLAVE_LAB")
    if lab_name is None:
        raise ConclaveError(
            "participants outside were requested at a real site",
            expected="a lab, whose outside is part of it",
            todo="leave out --outside, or run this command where the participants are",
            exit_code=ExitCode.INPUT,
        )
    return Lab(lab_name).command("outsiders", bound(path, []) if path in PATHS else [])


async def hold_at_site(
    site: Site,
    plan: Plan,
    *,
    invitation: Invitation | None = None,
    node: str | None = None,
    during: Callable[[], Awaitable[None]] | None = None,
) -> CallResult:
    """Hold a call at a deployed site.

    Parameters
    ----------
    site:
        The site.
    plan:
        What kind of call.
    invitation:
        To a meeting to join instead of one of its own; the plan then carries its key.
    node:
        The media host that is to carry the call; any by default.
    during:
        Awaited beside the measuring.
    """
    known = secrets.load(site.name)
    with ca_file(site, known) as authority:
        entrance = (site.domain, known["secret_probe_oidc"], authority)
        admission = NodeAdmission(*entrance, node) if node else PortalAdmission(*entrance, invitation)
        outside = Outside([outside_prefix(path) for path in plan.outside], admission.question)
        result = await hold(plan, admission, authority, users_prefix(), during=during, outside=outside)
    for participant in result.participants:
        participant.node = carrier(site, participant.server_address)
    return result


def carrier(site: Site, address: str) -> str | None:
    """Return the media host that is at ``address:port``, inside or as the outside is shown it; None for nobody's.

    A host's own address comes first: behind a translation, a public one may be several hosts'.
    """
    ip = address.rpartition(":")[0].strip("[]")
    media = site.hosts_with("media")
    own = {str(known): host.name for host in reversed(media) for known in site.shown_addresses(host)}
    own |= {str(known): host.name for host in media for known in host.main_addresses}
    return own.get(ip)
