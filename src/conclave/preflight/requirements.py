"""What a host must be before the first deployment: each requirement once, for findings and for the operators' page.

``expected`` and ``do`` hold places for what is known of the site (``str.format``); ``page`` stands on the page where
that would make no sentence. A requirement that does not block is a notice: the deployment works, and what is said
happens with it or shows later.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from conclave.text import N_

Section = Literal["machine", "network", "packages", "others"]
SECTIONS: dict[Section, str] = {
    "machine": N_("The machine"),
    "network": N_("Addresses and network"),
    "packages": N_("Packages"),
    "others": N_("Other software on the host"),
}


@dataclass(frozen=True)
class Finding:
    """One thing that stands in the way of a deployment, or that an operator should know before it."""

    host: str
    check: str
    found: str
    expected: str
    do: str
    blocks: bool = True

    def as_dict(self) -> dict[str, Any]:
        """Return the finding as plain data."""
        return asdict(self)


@dataclass(frozen=True)
class Requirement:
    """Something that preflight asks of a host.

    Parameters
    ----------
    check:
        The word by which findings name it.
    section:
        Where it stands on the page.
    expected, do:
        What is right, and what to do where it is not.
    why:
        What happens otherwise.
    page:
        Stands on the page instead of ``expected``.
    blocks:
        Whether a deployment stops before it changes anything.
    """

    check: str
    section: Section
    expected: str
    do: str
    why: str
    page: str = ""
    blocks: bool = True

    def finding(self, host: str, found: str, **known: object) -> Finding:
        """Return what is wrong with a host."""
        return Finding(
            host, self.check, found, self.expected.format(**known), self.do.format(**known), blocks=self.blocks
        )


SYSTEM = Requirement(
    "system",
    "machine",
    N_("Debian 13"),
    N_("install Debian 13 (minimal, with ssh)"),
    N_("The packages of the bundle fit this release only."),
)
MACHINE = Requirement(
    "machine",
    "machine",
    N_("x86_64"),
    N_("use a 64-bit Intel or AMD machine"),
    N_("The bundle holds programs for no other processor."),
)
INIT = Requirement(
    "init",
    "machine",
    N_("systemd as process 1"),
    N_("use a host, not a process container"),
    N_("Every service is a systemd unit."),
)
PYTHON = Requirement(
    "python", "machine", N_("python3"), N_("apt-get install python3 python3-apt"), N_("Ansible works with it.")
)
ROOT = Requirement(
    "root",
    "machine",
    N_("root, or sudo without a password"),
    N_("sign in as root or allow sudo"),
    N_("Packages, units and firewall rules are root's."),
)
MEMORY = Requirement(
    "memory",
    "machine",
    N_("{memory} MiB for {roles}"),
    N_("give the host more memory"),
    N_("Services would be killed for want of memory."),
    page=N_("memory for its roles, see below"),
)
DISK = Requirement(
    "disk",
    "machine",
    N_("{disk} MiB for {roles}"),
    N_("free or add disk space"),
    N_("The installation, or a year of logs, would fill the disk."),
    page=N_("free space in / and /var for its roles, see below"),
)
HOME = Requirement(
    "disk",
    "machine",
    N_("{disk} MiB for the bundle on its way"),
    N_("free or add disk space, or set ansible_remote_tmp to a folder on a larger disk"),
    N_("The bundle arrives in the account's home folder before the depot takes it over."),
    page=N_("on the depot 1024 MiB free in the home folder of the account that signs in"),
)
NOEXEC = Requirement(
    "mounts",
    "machine",
    N_("programs may run from /, /usr, /var, /var/lib and /opt"),
    N_("remove noexec of these in /etc/fstab and remount"),
    N_("Packages run their scripts from /var/lib, services their programs from /usr and /opt."),
)
CLOCK = Requirement(
    "clock",
    "machine",
    N_("at most {seconds:.0f} s"),
    N_("set the host's clock (timedatectl set-time); certificates and one-time codes depend on it"),
    N_("Certificates would not be valid yet, one-time codes and tokens already over."),
    page=N_("the control node's time, within 5 s"),
)
STEADY = Requirement(
    "clock",
    "machine",
    N_("a clock that runs evenly"),
    N_("switch off the time synchronisation of the hypervisor's guest tools; chrony keeps the time"),
    N_("Two programs that set one clock make it jump; calls and sign-ins fail at each jump."),
)
NAME = Requirement(
    "host name",
    "machine",
    N_("{name}, as in hosts.yml"),
    N_("hostnamectl set-hostname {name}, if its records should say the same name"),
    N_("Its journal and its prompt show another name than the site's documents."),
    page=N_("the name that hosts.yml gives it"),
    blocks=False,
)
HIDEPID = Requirement(
    "mounts",
    "machine",
    N_("/proc without hidepid"),
    N_("remove hidepid from the mount options of /proc; the units hide other processes themselves (ProtectProc)"),
    N_("systemd does not support it: services that ask polkit or systemd about processes fail at odd moments."),
    blocks=False,
)
UMASK = Requirement(
    "umask",
    "machine",
    N_("0022 for root's commands"),
    N_("set the stricter umask for people's shells only, not in /etc/login.defs, /etc/profile or pam_umask for root"),
    N_("Files that packages make while they are installed may be readable by root only."),
    blocks=False,
)
ADDRESS = Requirement(
    "address",
    "network",
    N_("{address} on one of its interfaces"),
    N_("correct hosts.yml, or give the host this address"),
    N_("Others would look for it, and its firewall rules would be, under another address."),
    page=N_("the addresses of hosts.yml on its interfaces"),
)
UNKNOWN_ADDRESS = Requirement(
    "address",
    "network",
    N_("only addresses that hosts.yml or a zone of site.yml has"),
    N_(
        "take the interface out of the host (backup and storage networks, remote management, a second LAN), or let it "
        "belong to the site: its network to a zone in site.yml, {address} to conclave_addresses of the host in "
        "hosts.yml; a router's line outside belongs in conclave_outside"
    ),
    N_("Each certificate of isolation would be red: an address that the site does not know is a way out of it."),
    page=N_("no interface with an address that neither hosts.yml nor a zone of site.yml has"),
    blocks=False,
)
LEASED = Requirement(
    "lease",
    "network",
    N_("a fixed address, or conclave_autoconfig: [{kind}] in hosts.yml"),
    N_(
        "give the host the address statically; or reserve it in the DHCP server, add {kind} to conclave_autoconfig of "
        "the host, and keep server or relay inside the site's zones, so that it is reached in isolated mode"
    ),
    N_("The rules would drop the renewal, and the address would be gone hours after the deployment."),
    page=N_("fixed addresses, or conclave_autoconfig: [dhcp4, dhcp6] in hosts.yml where they are leased"),
)
ADVERTISED = Requirement(
    "route",
    "network",
    N_("a fixed route, or conclave_autoconfig: [ra] in hosts.yml"),
    N_("set the IPv6 gateway statically (IPv6AcceptRA=no), or add ra to conclave_autoconfig of the host"),
    N_("The rules would drop router advertisements, and IPv6 would end with the router's lifetime."),
)
IPV6_OFF = Requirement(
    "IPv6",
    "network",
    N_("a kernel with IPv6, whether the site has IPv6 addresses or not"),
    N_(
        "remove ipv6.disable=1 from the kernel's command line (GRUB_CMDLINE_LINUX, update-grub, reboot); where IPv6 is "
        "not wanted, net.ipv6.conf.all.disable_ipv6=1 takes the addresses and leaves the sockets"
    ),
    N_("Services that listen on [::] would not start."),
)
OUTSIDE = Requirement(
    "outside",
    "network",
    N_("an interface of this name (conclave_outside in hosts.yml); the host has {names}"),
    N_("correct conclave_outside, or name the interface by a .link file so that it keeps its name"),
    N_("The isolated router cuts by this name, and its proof listens there: the line would be neither."),
    page=N_("on a router, the interfaces of conclave_outside exist"),
)
ETHERNET = Requirement(
    "outside",
    "network",
    N_("an Ethernet interface"),
    N_(
        "let the modem or a router of the network team end PPPoE, tunnel or VPN, and name the Ethernet interface "
        "between it and this host"
    ),
    N_("The proof of isolation reads Ethernet frames; on another line its certificate stays red."),
    page=N_("on a router, the interfaces of conclave_outside are Ethernet"),
)
BELOW = Requirement(
    "outside",
    "network",
    N_("on a router, no PPPoE, tunnel or VPN that leads outside"),
    N_("let the modem or a router of the network team end it, and remove {name} from this host"),
    N_("Its frames leave by the interface below in isolated mode too, and each certificate would be red."),
)
NAMES = Requirement(
    "names",
    "network",
    N_("{address}, or no answer before the first deploy"),
    N_("remove the name from the other name server, or choose a domain of the site's own"),
    N_("Hosts would ask another machine for software and certificates."),
    page=N_("depot.<domain> and ca.<domain> lead to the site's hosts or nowhere"),
)
LOST_NAMES = Requirement(
    "names",
    "network",
    "{address}",
    N_("conclave deploy repairs it; if it stays, look at unbound on the core host"),
    N_("Services find each other by name."),
    page=N_("after the first deployment, the site's names are found"),
    # The deployment is the repair, and what a change of the domain needs.
    blocks=False,
)
PORTS = Requirement(
    "ports",
    "network",
    N_("free, for {purpose}"),
    N_("remove or reconfigure what holds it: systemctl disable --now {holder}"),
    N_("The service of the site could not listen there."),
    page=N_("the ports of its roles are free"),
)
HELD = Requirement(
    "held packages",
    "packages",
    N_("no package on hold"),
    N_("apt-mark unhold {names}"),
    N_("A deployment brings every package to the bundle's version, and apt stops at one that is held."),
)
NEWER = Requirement(
    "newer packages",
    "packages",
    N_("the versions of the bundle, or older"),
    N_("build a newer bundle (conclave bundle build) and deploy that one"),
    N_("Packages that belong together need the same version of each other, and apt never goes back by itself."),
)
FOREIGN = Requirement(
    "other packages",
    "packages",
    N_("packages of the bundle, and those that site.yml declares"),
    N_(
        "remove what the host does not need (apt-get purge); declare what your organisation puts on its hosts (guest "
        "agents, firmware, auditd, backup, monitoring, EDR) under platform in site.yml"
    ),
    N_("They get no updates from the depot, which is the only source, and the control SYS-04 stays red."),
    blocks=False,
)
SOURCES = Requirement(
    "package sources",
    "packages",
    N_("only the depot, after the deployment"),
    N_("nothing; keep a copy of these files if you need them for something else"),
    N_("The deployment removes every other package source."),
    blocks=False,
)
FILTER_UNIT = Requirement(
    "packet filter",
    "others",
    N_("no other program that sets packet filter rules"),
    N_(
        "systemctl disable --now {unit}, remove its package, and reboot so that its rules are gone; what needs it "
        "(containers, virtual machines) belongs on another machine"
    ),
    N_("Every filter must let a packet pass: calls would fail for no visible reason, and certificates stay red."),
)
FILTER_TABLE = Requirement(
    "packet filter",
    "others",
    N_("no table with chains at netfilter hooks but Conclave's own"),
    N_("find out what put it there and remove that; then nft delete table {table}"),
    N_("A second table may drop what Conclave lets in, and in isolated mode it turns every certificate red."),
)
HOSTS_FILE = Requirement(
    "/etc/hosts",
    "others",
    N_("a file that nobody else writes"),
    N_("set manage_etc_hosts: false in {file}, or purge cloud-init"),
    N_("cloud-init would write /etc/hosts anew at each boot, without the site's names."),
    page=N_("cloud-init leaves /etc/hosts alone"),
    blocks=False,
)
REQUIREMENTS = tuple(value for value in list(globals().values()) if isinstance(value, Requirement))
