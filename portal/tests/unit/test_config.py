from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.conf import settings

from conclave_portal.config import ConfigError, load

if TYPE_CHECKING:
    from pathlib import Path


def written(tmp_path: Path, old: str, new: str, folder: Path) -> Path:
    text = (folder / "portal.toml").read_text()
    assert old in text
    path = tmp_path / "portal.toml"
    path.write_text(text.replace(old, new))
    return path


def test_a_complete_file_is_read(folder: Path) -> None:
    assert load(folder / "portal.toml").site.domain == "conf.test"


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ('domain = "conf.test"', "", "site.domain"),
        ('language = "en"', 'language = "fr"', "site.language"),
        ("https://meet.conf.test", "http://meet.conf.test", "web.public_url"),
        ('"198.51.100.0/24"', '"198.51.100.1/24"', "site.networks"),
        ("up = 50", "up = 0", "uplink.up"),
        ("[valkey]", "[valkey]\nhost = 1", "valkey.host"),
        ("turn_tls = 443", "turn_tls = 0", "livekit.ports.turn_tls"),
        ("https://sso.conf.test/realms", "http://sso.conf.test/realms", "oidc.issuer"),
    ],
)
def test_a_wrong_key_is_named(tmp_path: Path, folder: Path, old: str, new: str, named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        load(written(tmp_path, old, new, folder))


def test_a_file_of_the_release_before_is_read_until_it_is_written_anew(tmp_path: Path, folder: Path) -> None:
    before = written(tmp_path, 'servers = ["http://127.0.0.1:1"]', 'api_url = "http://127.0.0.1:1"', folder)
    assert load(before).livekit.servers == ["http://127.0.0.1:1"]


def test_a_wrong_secret_is_not_repeated(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(ConfigError, match=r"web\.secret_key") as refused:
        load(written(tmp_path, settings.SECRET_KEY, "short-secret", folder))
    assert "short-secret" not in str(refused.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="CONCLAVE_PORTAL_CONFIG"):
        load(tmp_path / "absent.toml")


def test_secrets_do_not_show_in_representations(folder: Path) -> None:
    assert "only-for-tests" not in repr(load(folder / "portal.toml"))
