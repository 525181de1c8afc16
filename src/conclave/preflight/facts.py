"""What a host says about itself: one shell script that needs Debian's essentials only, and its answer as data."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_interface
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

Address = IPv4Address | IPv6Address

# One word and its value per line. Names are asked with a deadline, because a resolver that is gone costs 10 s a name.
SCRIPT = r"""
export LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
beat() { read -r up rest < /proc/uptime; echo "beat $(date +%%s.%%N) $up"; }
beat
echo "clock $(date +%%s.%%N)"
. /etc/os-release 2>/dev/null; echo "os ${ID:-unknown} ${VERSION_ID:-}"
echo "machine $(uname -m)"
echo "init $(cat /proc/1/comm)"
awk '/^MemTotal/ {print "memory", $2}' /proc/meminfo
df -Pk / /var | awk 'NR > 1 {print "disk", $4}'
echo "python $(command -v python3)"
root=no; [ "$(id -u)" = 0 ] && root=yes; echo "root $root"
[ -d /etc/conclave ] && echo "deployed yes"
[ -d "$HOME" ] && df -Pk "$HOME" | awk 'NR > 1 {print "home", $4}'
echo "hostname $(cat /proc/sys/kernel/hostname)"
echo "umask $(umask)"
awk '$2 == "/proc" && $4 ~ /hidepid=/ {print "hidepid", $4}' /proc/mounts
awk '$2 ~ "^(/|/usr|/var|/var/lib|/opt)$" && ("," $4 ",") ~ /,noexec,/ {print "noexec", $2}' /proc/mounts
ip -o addr show | awk '{print "address", $4}'
ip -o addr show scope global | awk '$2 != "lo" {print "interface", $2, $4}'
ip -o addr show dynamic | awk '{print "leased", $4}'
ip -6 route show default proto ra 2>/dev/null | awk '{print "advertised", $5}'
{ ip route show default; ip -6 route show default; } 2>/dev/null | sed -n 's/.* dev \([^ ]*\).*/default \1/p'
[ -e /proc/net/if_inet6 ] || echo "ipv6 off"
for device in /sys/class/net/*/type; do
  name=${device%%/type}; echo "device ${name##*/} $(cat "$device")"
done
if command -v nft >/dev/null; then
  nft list ruleset 2>/dev/null | awk '/^table / {table = $2 " " $3} $1 == "type" && / hook / {
    policy = $0; sub(/.*policy /, "", policy); sub(/;.*/, "", policy); print "filter", table, $4, policy}'
else
  cat /proc/net/ip_tables_names 2>/dev/null | awk '{print "filter ip", $1, "?", "?"}'
  cat /proc/net/ip6_tables_names 2>/dev/null | awk '{print "filter ip6", $1, "?", "?"}'
fi
for unit in %(filters)s; do systemctl is-active --quiet "$unit" && echo "unit $unit"; done
dpkg-query -W -f '${db:Status-Abbrev}${Package} ${Version}\n' 2>/dev/null | sed -n 's/^.i /package /p'
apt-mark showhold 2>/dev/null | sed 's/^/held /'
grep -rlsE '^[[:space:]]*(deb|deb-src|Types:)' /etc/apt/sources.list /etc/apt/sources.list.d | sed 's/^/source /'
grep -rlsE '^[[:space:]]*manage_etc_hosts:[[:space:]]*(true|localhost|template)' /etc/cloud | sed 's/^/hostsfile /'
# Of an earlier deployment; the next one writes it anew.
if head -n 1 /etc/hosts | grep -q "^# Written by Conclave"; then
  while read -r address names; do
    for name in $names; do echo "placed $name $address"; done
  done < /etc/hosts | grep -v "#"
fi
for name in %(names)s; do
  timeout 3 getent ahosts "$name" | awk -v name="$name" '$2 == "STREAM" {print "name", name, $1}'
done
sockets=$(systemctl list-sockets --plain --no-legend 2>/dev/null)
ss -Hlntup | while read -r protocol _ _ _ local rest; do
  process=${rest#*\(\(\"}; process=${process%%%%\"*}
  pid=${rest#*pid=}; pid=${pid%%%%,*}
  unit=$(sed -n '$s|.*/||p' "/proc/$pid/cgroup" 2>/dev/null)
  # What systemd holds is for the service that it starts when somebody comes.
  [ "$pid" = 1 ] && unit=$(echo "$sockets" | awk -v local="$local" -v unit="$unit" \
    '$1 == local {unit = $3} END {print unit}')
  echo "listen $protocol $local ${unit:--} ${process:-?}"
done
beat
"""
# Programs that set packet filter rules of their own.
FILTERS = (
    "ufw",
    "firewalld",
    "nftables",
    "netfilter-persistent",
    "shorewall",
    "fail2ban",
    "sshguard",
    "crowdsec-firewall-bouncer",
    "docker",
    "libvirtd",
    "virtnetworkd",
    "lxd",
    "k3s",
)


class Filter(NamedTuple):
    """A chain at a hook of netfilter: its table (family and name), hook and policy."""

    table: str
    hook: str
    policy: str


@dataclass(frozen=True)
class Listener:
    """A socket that waits: what holds it, and on which address (None: on all)."""

    protocol: str
    address: Address | None
    port: int
    unit: str
    process: str

    @property
    def holder(self) -> str:
        """Return who holds it, in words."""
        return self.unit if self.unit != "-" else f"the process {self.process}"


@dataclass(frozen=True)
class Facts:
    """The answer. Sizes in MiB.

    ``clock`` is the host's Unix time when the script began, ``drift`` how many seconds more than its uptime that clock
    went on meanwhile; ``devices`` are types of interfaces as Linux numbers them (if_arp.h), ``defaults`` those with a
    default route; ``interfaces`` have the addresses of global scope; ``placed`` are the names in a hosts file of ours.
    """

    clock: float = 0.0
    system: str = "unknown"
    machine: str = "unknown"
    init: str = "unknown"
    memory: int = 0
    disk: int = 0
    python: str = ""
    root: str = "no"
    deployed: bool = False
    addresses: set[Address] = field(default_factory=set)
    names: dict[str, set[Address]] = field(default_factory=dict)
    placed: dict[str, set[Address]] = field(default_factory=dict)
    listeners: list[Listener] = field(default_factory=list)
    drift: float = 0.0
    home: int = 0
    hostname: str = ""
    umask: str = ""
    hidepid: str = ""
    noexec: list[str] = field(default_factory=list)
    leased: set[Address] = field(default_factory=set)
    advertised: list[str] = field(default_factory=list)
    ipv6: bool = True
    devices: dict[str, int] = field(default_factory=dict)
    interfaces: dict[str, set[Address]] = field(default_factory=dict)
    defaults: list[str] = field(default_factory=list)
    filters: list[Filter] = field(default_factory=list)
    filter_units: list[str] = field(default_factory=list)
    packages: dict[str, str] = field(default_factory=dict)
    held: list[str] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    hosts_file: list[str] = field(default_factory=list)


def script(names: list[str]) -> str:
    """Return the script that asks for these names, among the rest."""
    filters = " ".join(f"{name}.service" for name in FILTERS)
    return SCRIPT % {"names": " ".join(names) or '""', "filters": filters}


def parse(text: str) -> Facts:
    """Read the script's output."""
    said: dict[str, list[str]] = {}
    for line in text.splitlines():
        word, _, value = line.partition(" ")
        said.setdefault(word, []).append(value.strip())

    def one(word: str, otherwise: str) -> str:
        return said.get(word, [otherwise])[0] or otherwise

    return Facts(
        clock=float(one("clock", "0")),
        system=one("os", "unknown"),
        machine=one("machine", "unknown"),
        init=one("init", "unknown"),
        memory=int(one("memory", "0")) // 1024,
        disk=min((int(value) for value in said.get("disk", [])), default=0) // 1024,
        python=one("python", ""),
        root=one("root", "no"),
        deployed="deployed" in said,
        addresses={ip_interface(value).ip for value in said.get("address", [])},
        names=_names(said, "name"),
        placed=_names(said, "placed"),
        listeners=[_listener(value) for value in said.get("listen", [])],
        drift=_drift(list(_words(said, "beat", 2))),
        home=int(one("home", "0")) // 1024,
        hostname=one("hostname", ""),
        umask=one("umask", ""),
        hidepid=one("hidepid", ""),
        noexec=said.get("noexec", []),
        leased={ip_interface(value).ip for value in said.get("leased", [])},
        advertised=said.get("advertised", []),
        ipv6="ipv6" not in said,
        devices={name: int(kind) for name, kind in _words(said, "device", 2)},
        interfaces=_interfaces(said),
        defaults=said.get("default", []),
        filters=[Filter(f"{family} {name}", hook, policy) for family, name, hook, policy in _words(said, "filter", 4)],
        filter_units=said.get("unit", []),
        packages={words[0]: words[1] for words in _words(said, "package", 2)},
        held=said.get("held", []),
        sources=said.get("source", []),
        hosts_file=said.get("hostsfile", []),
    )


def _names(said: dict[str, list[str]], word: str) -> dict[str, set[Address]]:
    found: dict[str, set[Address]] = {}
    for name, address in _words(said, word, 2):
        found.setdefault(name, set()).add(ip_address(address.partition("%")[0]))
    return found


def _interfaces(said: dict[str, list[str]]) -> dict[str, set[Address]]:
    found: dict[str, set[Address]] = {}
    for name, address in _words(said, "interface", 2):
        found.setdefault(name, set()).add(ip_interface(address).ip)
    return found


def _words(said: dict[str, list[str]], word: str, count: int) -> Iterator[list[str]]:
    """Yield the answers of a word that have as many words as they should: shells that print say anything."""
    yield from (parts for value in said.get(word, []) if len(parts := value.split()) == count)


def _drift(beats: list[list[str]]) -> float:
    """Return how much further the clock went than the uptime, between the first beat and the last."""
    marks = [(float(clock), float(up)) for clock, up in beats]
    if not marks:
        return 0.0
    (clock, up), (later, then) = marks[0], marks[-1]
    return (later - clock) - (then - up)


def _listener(text: str) -> Listener:
    """Read ``tcp 127.0.0.1%lo:53 unbound.service unbound``."""
    protocol, local, unit, process = text.split(" ", 3)
    where, _, port = local.rpartition(":")
    where = where.strip("[]").partition("%")[0]
    anywhere = where in {"*", "0.0.0.0", "::", ""}  # noqa: S104 - read, not bound
    return Listener(protocol, None if anywhere else ip_address(where.strip("[]")), int(port), unit, process)
