"""What people and platforms do to a host is found on a real one, by preflight's own script."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.lab.remote.test_users import site_of

from conclave import preflight

if TYPE_CHECKING:
    from pathlib import Path

    from tests.lab.remote.conftest import Hosts

pytestmark = pytest.mark.lab
DONE = r"""
set -eu
set -- $(ip -o -4 addr show scope global | awk '{print $2, $4; exit}')
nft 'table inet ufwlike { chain input { type filter hook input priority 0; policy drop; tcp dport 22 accept; }; }'
nft 'chain inet ufwlike other { type filter hook output priority 0; policy accept; }'
nft insert rule inet ufwlike input ct state established,related accept
printf '[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true\n' > /run/systemd/system/ufw.service
systemctl daemon-reload
systemctl start ufw.service
apt-mark hold libc6 > /dev/null
echo 'deb http://mirror.example/debian trixie main' > /etc/apt/sources.list.d/foreign.list
mkdir -p /etc/cloud
echo 'manage_etc_hosts: true' > /etc/cloud/cloud.cfg
ip address change "$2" dev "$1" valid_lft 3600 preferred_lft 3600
ip -6 route add default via fe80::1 dev "$1" proto ra metric 512
mount --bind /opt /opt
mount -o remount,bind,noexec /opt
"""
UNDONE = r"""
set -- $(ip -o -4 addr show scope global | awk '{print $2, $4; exit}')
nft delete table inet ufwlike
systemctl stop ufw.service
rm -rf /run/systemd/system/ufw.service /etc/apt/sources.list.d/foreign.list /etc/cloud
systemctl daemon-reload
apt-mark unhold libc6
ip address change "$2" dev "$1" valid_lft forever preferred_lft forever
ip -6 route del default proto ra
umount /opt
"""


def test_preflight_finds_what_would_hurt_and_tells_what_would_surprise(hosts: Hosts, tmp_path: Path) -> None:
    site, _ = site_of(hosts)
    index = tmp_path / "apt/dists/site/main/binary-amd64/Packages"
    index.parent.mkdir(parents=True)
    index.write_text("Package: nftables\nVersion: 0.1\n")
    hosts.on("other", DONE)
    try:
        report = preflight.run(site, {"core1"}, bundle=tmp_path)
    finally:
        hosts.on("other", UNDONE)
    found = {(finding.check, finding.found) for finding in report.findings}
    assert ("packet filter", "ufw.service is running") in found
    assert ("packet filter", "table inet ufwlike (input, policy drop; output, policy accept)") in found
    assert ("held packages", "libc6") in found
    assert ("mounts", "noexec on /opt") in found
    assert {"lease", "route", "newer packages"} <= {check for check, _ in found}
    notices = {notice.check for notice in report.notices}
    assert {"package sources", "/etc/hosts", "other packages", "host name"} <= notices
    after = {finding.check for finding in preflight.run(site, {"core1"}, bundle=tmp_path).findings}
    assert not after & {"packet filter", "held packages", "mounts", "lease", "route"}
