"""Breakers of the data stores' controls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from changes import done, edited

from conclave.verify import breaker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conclave.verify.places import Host

SQL = "runuser -u postgres -- psql -qc"


@breaker("DAT-01", on="core")
def a_second_privileged_role(host: Host) -> Iterator[None]:
    with done(host, f"{SQL} 'create role breaker superuser login'", f"{SQL} 'drop role breaker'"):
        yield


@breaker("DAT-02", on="core")
def the_cache_answers_anybody(host: Host) -> Iterator[None]:
    with edited(
        host,
        "/etc/conclave/valkey/users.acl",
        r"^user default off .*$",
        "user default on nopass ~* &* +@all",
        then="systemctl restart valkey-server.service",
    ):
        yield
