"""The servers of edge and media through nginx itself, and what they must never let through."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from tests.render.rendering import place, render
from tests.shapes import ipv6_only

if TYPE_CHECKING:
    from pathlib import Path

HTTP2_DIRECTIVE = (1, 25, 1)
EDGE = "etc/nginx/conclave.d/http/edge.conf"
STREAM = "etc/nginx/conclave.d/stream/edge.conf"
MEDIA = "etc/nginx/conclave.d/http/livekit.conf"


# nginx makes these folders for its user and chowns them, at a mere test, too: they must not be the machine's.
OWN_FOLDERS = "".join(f"{kind}_temp_path %s/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))


def verdict(files: dict[str, dict[str, Any]], folder: Path, tls: Path) -> str:
    """Return what nginx says against the files; an empty string when it accepts them."""
    place(files, folder)
    (folder / "run").mkdir()
    built = subprocess.run(["nginx", "-V"], capture_output=True, text=True, check=True).stderr
    number = tuple(int(part) for part in re.search(r"nginx/([\d.]+)", built)[1].split("."))
    for path in (folder / "etc/nginx").rglob("*.conf"):
        text = (
            path.read_text()
            .replace("/etc/conclave/tls", str(tls))
            .replace("/etc/nginx/conclave.d", str(folder / "etc/nginx/conclave.d"))
        )
        text = text.replace("/run/nginx", str(folder / "run"))
        if path.name == "nginx.conf":
            text = text.replace("http {", f"http {{ {OWN_FOLDERS.replace('%s', str(folder))}")
            if "running with OpenSSL 3.0" in built or "built with OpenSSL 3.0" in built:
                # The OpenSSL of an older control node.
                text = text.replace("X25519MLKEM768:", "")
        if number < HTTP2_DIRECTIVE:
            # An older nginx on the control node; there it is a word of `listen`.
            text = text.replace("http2 on;", "")
        path.write_text(text)
    found = subprocess.run(
        ["nginx", "-t", "-q", "-c", str(folder / "etc/nginx/nginx.conf")], capture_output=True, text=True, check=False
    )
    return found.stderr if found.returncode else ""


@pytest.fixture(scope="module")
def edge() -> dict[str, dict[str, Any]]:
    return render("nginx", "edge1") | render("edge", "edge1")


@pytest.fixture(scope="module")
def media() -> dict[str, dict[str, Any]]:
    return render("nginx", "media1") | render("livekit", "media1")


@pytest.fixture(scope="module")
def two_nodes() -> dict[str, dict[str, Any]]:
    nodes = {"media1": "192.0.2.34", "media2": "192.0.2.35"}
    turn = {node: f"{node}.turn.conf.lab.example" for node in nodes}
    return render("nginx", "edge1") | render("edge", "edge1", edge_livekit_servers=nodes, edge_turn_names=turn)


def upstreams(text: str) -> dict[str, list[str]]:
    """Return the servers of each group."""
    groups = re.findall(r"upstream (\S+) \{(.*?)\}", text, re.DOTALL)
    return {name: re.findall(r"server (.+?);", body) for name, body in groups}


def test_an_edge_without_ipv4_reaches_the_other_hosts(tls: Path, tmp_path: Path) -> None:
    site = str(ipv6_only.write(tmp_path / "ipv6-only"))
    files = render("nginx", "edge1", site) | render("edge", "edge1", site)
    assert verdict(files, tmp_path / "host", tls) == ""
    servers = upstreams(files[EDGE]["content"])
    places = {name: {server.rpartition(":")[0] for server in servers[name]} for name in servers}
    assert places["edge_portal"] == places["edge_keycloak"] == {"[2001:db8:1:3::2]"}
    assert places["edge_livekit"] == places["edge_livekit_media1"] == {"[2001:db8:1:2::2]"}
    assert "proxy_pass [2001:db8:1:2::2]:" in files[STREAM]["content"]


def test_nginx_accepts_the_edge(edge: dict[str, Any], tls: Path, tmp_path: Path) -> None:
    assert verdict(edge, tmp_path, tls) == ""


@pytest.mark.parametrize("length", [43, 98, 200])
def test_nginx_accepts_a_long_domain(edge: dict[str, Any], tls: Path, tmp_path: Path, length: int) -> None:
    domain = ".".join(["videokonferenz-" * 3 + "amt"] * 5)[-length:].lstrip("-.")
    long = {path: {**one, "content": one["content"].replace("conf.lab.example", domain)} for path, one in edge.items()}
    assert verdict(long, tmp_path, tls) == ""


def test_nginx_accepts_the_media_server(media: dict[str, Any], tls: Path, tmp_path: Path) -> None:
    assert verdict(media, tmp_path, tls) == ""


def test_nginx_accepts_an_edge_before_several_nodes(two_nodes: dict[str, Any], tls: Path, tmp_path: Path) -> None:
    assert verdict(two_nodes, tmp_path, tls) == ""


def test_signalling_goes_to_the_node_that_is_named_and_to_the_others_when_it_is_down(two_nodes: dict[str, Any]) -> None:
    text = two_nodes[EDGE]["content"]
    servers = upstreams(text)
    assert servers["edge_livekit_media1"] == ["192.0.2.34:7443", "192.0.2.35:7443 backup"]
    assert servers["edge_livekit_media2"] == ["192.0.2.35:7443", "192.0.2.34:7443 backup"]
    # Who names none, or one that is gone.
    assert servers["edge_livekit"] == ["192.0.2.34:7443", "192.0.2.35:7443"]


@pytest.mark.parametrize("path", ["/rtc", "/rtc/v1", "/rtc/validate", "/media2/rtc", "/media2/rtc/v1/validate"])
def test_a_node_is_named_before_the_path_of_signalling(edge: dict[str, Any], path: str) -> None:
    signalling = locations(edge[EDGE]["content"], "media.conf.lab.example")[-1].removeprefix("~ ").replace("?<", "?P<")
    assert re.search(signalling, path)


@pytest.mark.parametrize("path", ["/twirp/livekit.RoomService/ListRooms", "/media2/twirp/rtc", "/a/b/rtc", "/rtc/v1/x"])
def test_nothing_else_of_a_node_is_reached(edge: dict[str, Any], path: str) -> None:
    signalling = locations(edge[EDGE]["content"], "media.conf.lab.example")[-1].removeprefix("~ ").replace("?<", "?P<")
    assert not re.search(signalling, path)


def test_turn_over_tls_reaches_each_node_by_its_own_server_name(two_nodes: dict[str, Any]) -> None:
    text = two_nodes[STREAM]["content"]
    for node, address in (("media1", "192.0.2.34"), ("media2", "192.0.2.35")):
        assert f"{node}.turn.conf.lab.example edge_turn_{node};" in text
        assert upstreams(text)[f"edge_turn_{node}"] == [f"unix:/run/nginx/edge-turn-{node}.sock"]
        server = next(part for part in text.split("\nserver {") if f"edge-turn-{node}.sock proxy_protocol" in part)
        assert f"proxy_pass {address}:5349;" in server


def test_edge_and_media_stand_side_by_side_on_one_host(
    edge: dict[str, Any], media: dict[str, Any], tls: Path, tmp_path: Path
) -> None:
    assert verdict(edge | media, tmp_path, tls) == ""


def test_nginx_refuses_what_it_does_not_know(edge: dict[str, Any], tls: Path, tmp_path: Path) -> None:
    broken = edge | {EDGE: edge[EDGE] | {"content": edge[EDGE]["content"] + "\nno_such_directive on;\n"}}
    assert "no_such_directive" in verdict(broken, tmp_path, tls)


def test_the_files_are_judged_by_nginx_before_it_is_told_of_them(edge: dict[str, Any], media: dict[str, Any]) -> None:
    for files in (edge, media):
        judged = {path: item["validate_all"] for path, item in files.items() if "Reload nginx" in item["notify"]}
        assert len(judged) >= 4
        assert set(judged.values()) == {"/usr/sbin/nginx -t -q"}


def locations(text: str, name: str) -> list[str]:
    """Return the locations of the server with this name."""
    server = next(
        part for part in re.split(r"\nserver \{", text) if re.search(rf"server_name {re.escape(name)};", part)
    )
    return re.findall(r"location (.+?) \{", server)


def test_of_the_sfu_only_signalling_is_public(edge: dict[str, Any]) -> None:
    signalling = r"~ ^(?:/(?<edge_node>[a-z0-9-]+))?/rtc(?<edge_call>(?:/v1)?(?:/validate)?)$"
    assert locations(edge[EDGE]["content"], "media.conf.lab.example") == ["/", "= /.resume", signalling]


def test_of_keycloak_only_the_site_s_realm_and_its_resources_are_public(edge: dict[str, Any]) -> None:
    assert locations(edge[EDGE]["content"], "sso.conf.lab.example") == [
        "/",
        "/realms/conclave/",
        "/realms/conclave/login-actions/",
        '~ ";"',
        "/realms/conclave/clients-registrations/",
        "/resources/",
    ]


def test_logs_never_hold_a_query_string(edge: dict[str, Any], media: dict[str, Any]) -> None:
    """Tokens, sign-in codes and the joining client's description travel there."""
    for files in (edge, media):
        text = "".join(item["content"] for path, item in files.items() if path.startswith("etc/nginx/"))
        formats = "".join(re.findall(r"log_format .*?;", text, re.DOTALL))
        assert formats
        assert not re.search(r"\$(request|request_uri|args|query_string|http_referer|is_args)\b", formats)
        servers = [part for part in re.split(r"\nserver \{", text) if "/rtc" in part]
        assert servers
        assert all("error_log syslog:server=unix:/dev/log,nohostname,tag=nginx emerg;" in part for part in servers)


def test_every_upstream_of_the_edge_is_verified_by_name(edge: dict[str, Any]) -> None:
    text = edge[EDGE]["content"]
    assert (
        text.count("proxy_pass https://")
        == text.count("proxy_ssl_name ")
        == text.count("include /etc/nginx/conclave.d/edge/proxy.conf;")
    )
    assert "proxy_ssl_verify on;" in edge["etc/nginx/conclave.d/upstream-tls.conf"]["content"]


def test_old_tls_and_session_tickets_are_off(edge: dict[str, Any]) -> None:
    # Where every server has it from: what a server has of its own, those before it on its socket overrule.
    text = edge["etc/nginx/nginx.conf"]["content"]
    assert "    ssl_protocols TLSv1.2 TLSv1.3;" in text
    assert "    ssl_session_tickets off;" in text
    assert "    ssl_ecdh_curve X25519MLKEM768:X25519:prime256v1:secp384r1;" in text
    others = "".join(item["content"] for path, item in edge.items() if "/conclave.d/" in path)
    assert not re.search(r"^\s*ssl_(protocols|ciphers|ecdh_curve)", others, re.MULTILINE)


def test_the_client_s_policy_names_the_site_and_nobody_else(edge: dict[str, Any]) -> None:
    policy = re.search(r'Content-Security-Policy "(.*?)"', edge["etc/nginx/conclave.d/edge/headers.conf"]["content"])[1]
    assert "__" not in policy
    assert set(re.findall(r"(?:https|wss)://(\S+?)(?=[ ;]|$)", policy)) <= {
        "media.conf.lab.example",
        "sso.conf.lab.example",
    }
    assert "'unsafe-" not in policy.replace("'wasm-unsafe-eval'", "")


def test_signalling_and_moderation_ask_for_different_certificates(media: dict[str, Any]) -> None:
    text = media[MEDIA]["content"]
    assert (
        r"CN=edge1\.conf\.lab\.example"
        in re.search(r"map \$ssl_client_s_dn \$livekit_may_signal \{(.*?)\}", text, re.DOTALL)[1]
    )
    assert (
        r"CN=core1\.conf\.lab\.example"
        in re.search(r"map \$ssl_client_s_dn \$livekit_may_moderate \{(.*?)\}", text, re.DOTALL)[1]
    )
    assert "ssl_verify_client on;" in text
