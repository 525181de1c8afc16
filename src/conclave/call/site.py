"""A call at a site: everything it needs is read from the inventory."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from conclave import paths
from conclave.call.admission import PortalAdmission
from conclave.call.session import hold

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence

    from conclave.call.result import CallResult
    from conclave.call.session import Plan


@contextlib.contextmanager
def authority_file(certificate: str | None) -> Iterator[Path | None]:
    """Yield a file with the site's own CA certificate, or None where the system's store is to be trusted."""
    if certificate is None:
        yield None
        return
    with tempfile.NamedTemporaryFile("w", prefix="conclave-ca-", suffix=".crt", encoding="ascii") as file:
        file.write(certificate)
        file.flush()
        yield Path(file.name)


def users_prefix(site: str) -> Sequence[str]:
    """Return what leads a command into the users' zone: nothing at a real site, where it runs is where users are."""
    lab_name = os.environ.get("CONCLAVE_LAB")
    if lab_name is None:
        return ()
    from conclave.lab import Lab  # noqa: PLC0415 (a real site needs no lab)

    return Lab(lab_name, paths.inventory(site)).command("users", [])


async def hold_at_site(
    plan: Plan,
    *,
    meeting: str | None = None,
    during: Callable[[], Awaitable[None]] | None = None,
) -> CallResult:
    """Hold a call at a deployed site.

    Parameters
    ----------
    plan:
        What kind of call.
    meeting:
        An existing meeting to join instead of one of its own; the plan then carries its key.
    during:
        Awaited beside the measuring.
    """
    from conclave.site import read, secrets  # noqa: PLC0415 (a bare call needs no site)

    answers, known = read.load(plan.site).answers, secrets.load(plan.site)
    certificate = known["secret_ca_certificate"] if answers.trust == "own" else None
    with authority_file(certificate) as authority:
        admission = PortalAdmission(answers.domain, known["secret_probe_oidc"], authority, meeting)
        return await hold(plan, admission, authority, users_prefix(plan.site), during)
