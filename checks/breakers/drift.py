"""Breakers of drift: what somebody with root's rights does to a host by hand, one row each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from changes import added, done, edited, tampered

from conclave.verify import breaker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conclave.verify.places import Host

JOURNAL = "systemctl restart systemd-journald.service"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f breaker"


@breaker("CFG-01", on="media")
def a_setting_of_the_sfu_is_edited(host: Host) -> Iterator[None]:
    with edited(host, "/etc/conclave/livekit/livekit.yaml", r"\Z", r"# changed\n", then="true"):
        yield


@breaker("CFG-01", on="edge")
def an_authority_is_added_to_the_sites(host: Host) -> Iterator[None]:
    with edited(host, "/etc/conclave/tls/ca.crt", r"\Z", r"# another one\n", then="true"):
        yield


@breaker("CFG-01", on="edge")
def another_name_server_is_asked(host: Host) -> Iterator[None]:
    with edited(host, "/etc/resolv.conf", r"\Z", r"nameserver 203.0.113.53\n", then="true"):
        yield


@breaker("CFG-01", on="edge")
def a_name_is_led_elsewhere(host: Host) -> Iterator[None]:
    with edited(host, "/etc/hosts", r"\Z", r"203.0.113.80 depot\n", then="true"):
        yield


@breaker("CFG-01", on="edge")
def a_server_is_added_to_nginx(host: Host) -> Iterator[None]:
    # No reload: it is served after the next one.
    with added(host, "/etc/nginx/conclave.d/http/breaker.conf", "# another server\n"):
        yield


@breaker("CFG-01", on="edge")
def a_module_is_added_to_nginx_by_hand(host: Host) -> Iterator[None]:
    with added(host, "/etc/nginx/modules-enabled/99-breaker.conf", "# another module\n"):
        yield


@breaker("CFG-01", on="edge")
def a_drop_in_of_a_unit_that_has_done_its_work(host: Host) -> Iterator[None]:
    folder = "/etc/systemd/system/conclave-firewall.service.d"
    change = f"mkdir {folder} && echo '[Service]' >{folder}/breaker.conf && systemctl daemon-reload"
    with done(host, change, f"rm -r {folder} && systemctl daemon-reload"):
        yield


@breaker("CFG-01", on="core", also=("CRY-06",))
def a_secret_is_open_to_all(host: Host) -> Iterator[None]:
    file = "/etc/conclave/portal/portal.toml"
    with done(host, f"chmod 0644 {file}", f"chmod 0640 {file}"):
        yield


@breaker("SYS-04", on="edge")
def the_web_client_is_edited(host: Host) -> Iterator[None]:
    page = "$(dpkg -L conclave-web | grep '/index.html$')"
    edit = f"cp -p {page} /run/breaker-page && echo '<script></script>' >> {page}"
    with done(host, edit, f"mv /run/breaker-page {page}"):
        yield


@breaker("SYS-04", on="edge")
def the_web_client_is_edited_with_its_checksum(host: Host) -> Iterator[None]:
    with tampered(host, "conclave-web", "$(dpkg -L conclave-web | grep '/index.html$')", "<script></script>"):
        yield


@breaker("SYS-04", on="edge")
def a_program_of_debian_is_edited_with_its_checksum(host: Host) -> Iterator[None]:
    with tampered(host, "ca-certificates", "/usr/sbin/update-ca-certificates", "# changed"):
        yield


@breaker("SYS-04", on="edge")
def a_package_is_held_back(host: Host) -> Iterator[None]:
    with done(host, "apt-mark hold nginx >/dev/null", "apt-mark unhold nginx >/dev/null"):
        yield


@breaker("SYS-02", on="edge", also=("CFG-01",))
def a_drop_in_takes_a_little_away(host: Host) -> Iterator[None]:
    path = "/etc/systemd/system/nginx.service.d/zz-breaker.conf"
    with added(host, path, "[Service]\nPrivateDevices=no\n", then="systemctl daemon-reload"):
        yield


@breaker("SYS-02", on="edge", also=("SYS-08",))
def a_running_service_is_masked(host: Host) -> Iterator[None]:
    # The unit goes on running, and is gone after the next boot.
    with done(
        host, "systemctl mask --runtime --quiet nginx.service", "systemctl unmask --runtime --quiet nginx.service"
    ):
        yield


@breaker("SYS-08", on="media")
def the_sfu_does_not_start_at_boot(host: Host) -> Iterator[None]:
    unit = "conclave-livekit.service"
    with done(host, f"systemctl disable --quiet {unit}", f"systemctl enable --quiet {unit}"):
        yield


@breaker("SYS-11", on="edge")
def a_host_forwards_packets(host: Host) -> Iterator[None]:
    with done(host, "sysctl -qw net.ipv4.ip_forward=1", "systemctl restart systemd-sysctl.service"):
        yield


@breaker("SYS-10", on="edge")
def a_shell_with_roots_rights(host: Host) -> Iterator[None]:
    shell = "/usr/local/bin/breaker"
    with done(host, f"install -m 4755 /bin/sh {shell}", f"rm {shell}"):
        yield


@breaker("SYS-10", on="edge")
def an_editor_with_roots_rights(host: Host) -> Iterator[None]:
    with done(host, "chmod u+s /usr/bin/sed", "chmod u-s /usr/bin/sed"):
        yield


@breaker("ADM-03", on="edge")
def a_key_of_a_stranger(host: Host) -> Iterator[None]:
    with edited(host, "/root/.ssh/authorized_keys", r"\Z", rf"{KEY}\n", then="true"):
        yield


@breaker("ADM-03", on="edge")
def a_second_root(host: Host) -> Iterator[None]:
    with done(host, "useradd --non-unique --uid 0 --no-create-home breaker", "userdel --force breaker"):
        yield


@breaker("ADM-03", on="edge")
def an_account_that_reads_keys_and_becomes_root(host: Host) -> Iterator[None]:
    add = "useradd --no-create-home --shell /bin/sh --groups conclave-tls,sudo breaker"
    with done(host, add, "userdel breaker"):
        yield


@breaker("ADM-01", on="edge")
def ssh_takes_passwords_of_root_alone(host: Host) -> Iterator[None]:
    with added(host, "/etc/ssh/sshd_config.d/zz-breaker.conf", "Match User root\nPasswordAuthentication yes\n"):
        yield


@breaker("LOG-08", on="edge")
def the_journal_is_thrown_away(host: Host) -> Iterator[None]:
    path = "/etc/systemd/journald.conf.d/zz-breaker.conf"
    with added(host, path, "[Journal]\nStorage=none\n", then=JOURNAL):
        yield
