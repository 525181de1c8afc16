"""Data stores: who may do what in PostgreSQL and Valkey."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conclave.verify import control

if TYPE_CHECKING:
    from collections.abc import Callable

    from conclave.catalog import Catalog
    from conclave.site.model import Site
    from conclave.verify.places import Host

ASK = "runuser -u postgres -- psql -XAtqc %s"
PRIVILEGED = (
    "select rolname from pg_roles where (rolsuper or rolcreatedb or rolcreaterole or rolbypassrls) and rolcanlogin"
)
METHODS = "select distinct auth_method || ' ' || type from pg_hba_file_rules"
PLAIN = "select count(*) from pg_stat_ssl join pg_stat_activity using (pid) where client_addr is not null and not ssl"
LINKS = "select count(*) from pg_stat_ssl join pg_stat_activity using (pid) where client_addr is not null"
VALKEY = "valkey-cli --tls --cacert /etc/conclave/tls/ca.crt -h %s -p %s "


@control("DAT-01", on=("core",))
def test_database_knows_strong_authentication_and_few_rights(host: Host, observe: Callable[..., None]) -> None:
    """Only SCRAM over TLS, only `postgres` is privileged and comes over the local socket; no link is plain."""
    methods = host.read(ASK, METHODS).split("\n")[:-1]
    privileged = host.read(ASK, PRIVILEGED).split()
    links, plain = int(host.read(ASK, LINKS)), int(host.read(ASK, PLAIN))
    observe(methods=methods, privileged=privileged, network_sessions=links, plain_sessions=plain)
    weak = [method for method in methods if method not in {"peer local", "scram-sha-256 hostssl", "reject host"}]
    assert methods, "pg_hba.conf has no rule"
    assert not weak, f"other ways in: {', '.join(weak)}"
    assert privileged == ["postgres"], f"privileged: {', '.join(privileged)}"
    assert links > 0, "nobody is connected over the network"
    assert plain == 0, f"{plain} sessions are plain"


@control("DAT-02", on=("core",))
def test_cache_answers_nobody_without_a_name(
    host: Host, site: Site, catalog: Catalog, observe: Callable[..., None]
) -> None:
    """Over TLS, too, an unnamed client is told nothing, and no named one may administer."""
    name, port = f"valkey.{site.answers.domain}", str(catalog.port("valkey"))
    # The first word only: an answer that should not have come may hold what must not be kept.
    answers = {
        command: "".join(host.read(f"{VALKEY}{command} 2>&1; true", name, port).split()[:1])
        for command in ("PING", "'KEYS' '*'", "CONFIG GET maxmemory", "ACL LIST")
    }
    users = [line.split()[1:3] for line in host.read("cat /etc/conclave/valkey/users.acl").splitlines() if line]
    rules = host.read("sed -E 's/#[0-9a-f]+/#/' /etc/conclave/valkey/users.acl")
    observe(unnamed=answers, users=users)
    told = {command: answer for command, answer in answers.items() if "NOAUTH" not in answer and "NOPERM" not in answer}
    assert not told, f"an unnamed client was told: {told}"
    assert ["default", "off"] in users, "the default user is not switched off"
    assert "+@all" not in rules, "a user may do everything"
