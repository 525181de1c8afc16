"""What a host says about itself: one shell script that needs Debian's essentials only, and its answer as data."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_interface

Address = IPv4Address | IPv6Address

# One word and its value per line. Names are asked with a deadline, because a resolver that is gone costs 10 s a name.
SCRIPT = r"""
export LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
echo "clock $(date +%%s.%%N)"
. /etc/os-release 2>/dev/null; echo "os ${ID:-unknown} ${VERSION_ID:-}"
echo "machine $(uname -m)"
echo "init $(cat /proc/1/comm)"
awk '/^MemTotal/ {print "memory", $2}' /proc/meminfo
df -Pk / /var | awk 'NR > 1 {print "disk", $4}'
echo "python $(command -v python3)"
root=no; [ "$(id -u)" = 0 ] && root=yes; echo "root $root"
[ -d /etc/conclave ] && echo "deployed yes"
ip -o addr show | awk '{print "address", $4}'
for name in %(names)s; do
  timeout 3 getent ahosts "$name" | awk -v name="$name" '$2 == "STREAM" {print "name", name, $1}'
done
ss -Hlntup | while read -r protocol _ _ _ local rest; do
  process=${rest#*\(\(\"}; process=${process%%%%\"*}
  pid=${rest#*pid=}; pid=${pid%%%%,*}
  unit=$(sed -n '$s|.*/||p' "/proc/$pid/cgroup" 2>/dev/null)
  echo "listen $protocol $local ${unit:--} ${process:-?}"
done
"""


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
    """The answer. Sizes in MiB; ``clock`` is the host's Unix time when the script began."""

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
    listeners: list[Listener] = field(default_factory=list)


def script(names: list[str]) -> str:
    """Return the script that asks for these names, among the rest."""
    return SCRIPT % {"names": " ".join(names) or '""'}


def parse(text: str) -> Facts:
    """Read the script's output."""
    said: dict[str, list[str]] = {}
    for line in text.splitlines():
        word, _, value = line.partition(" ")
        said.setdefault(word, []).append(value.strip())
    names: dict[str, set[Address]] = {}
    for value in said.get("name", []):
        name, _, address = value.partition(" ")
        names.setdefault(name, set()).add(ip_address(address.partition("%")[0]))

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
        names=names,
        listeners=[_listener(value) for value in said.get("listen", [])],
    )


def _listener(text: str) -> Listener:
    """Read ``tcp 127.0.0.1%lo:53 unbound.service unbound``."""
    protocol, local, unit, process = text.split(" ", 3)
    where, _, port = local.rpartition(":")
    where = where.strip("[]").partition("%")[0]
    anywhere = where in {"*", "0.0.0.0", "::", ""}  # noqa: S104 - read, not bound
    return Listener(protocol, None if anywhere else ip_address(where.strip("[]")), int(port), unit, process)
