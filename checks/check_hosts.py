"""Hosts: where software comes from, how services run, administrators' access, time, health and logs."""

from __future__ import annotations

import inspect
import json
import re
from typing import TYPE_CHECKING

import drift
import jwt

from conclave.preflight.requirements import FOREIGN
from conclave.site import software
from conclave.verify import NotApplicable, confinement, control

if TYPE_CHECKING:
    from collections.abc import Callable

    from conclave.site.model import Site
    from conclave.verify.places import Host

MOST_EXPOSED = 3.0
# States in which systemd starts a unit by itself, as the deployment understands them.
AT_BOOT = {"enabled", "static", "indirect", "generated", "alias"}
# A signed token as it stands in a log; the SFU accepts one for a minute after its end.
TOKEN = re.compile(r"eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]*")
LEEWAY = 60
REASON = "Exposure above 3.0:"
ORIGINS = """
import apt, json
known = {"depot": 0, "elsewhere": []}
for package in apt.Cache():
    if package.is_installed:
        if any(origin.component != "now" and origin.trusted for origin in package.installed.origins):
            known["depot"] += 1
        else:
            known["elsewhere"].append(f"{package.name} {package.installed.version}")
print(json.dumps(known))
"""
UNSIGNED = r"""set -e
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
mkdir -p repo lists/partial; : > repo/Packages; chmod -R a+rX "$folder"
echo "deb file:$folder/repo ./" > list
if apt-get update -o Dir::Etc::sourcelist="$folder/list" -o Dir::Etc::sourceparts=- \
  -o Dir::State::lists="$folder/lists" 2>&1
then echo ACCEPTED; else echo REFUSED; fi
"""


def undeclared(site: Site, packages: list[str]) -> list[str]:
    """Return packages ("name version") that site.yml does not declare."""
    return [package for package in packages if not site.answers.declares(package.split()[0])]


@control("SYS-07")
def test_packages_come_from_the_depot_only(host: Host, observe: Callable[..., None]) -> None:
    """One source with its own key; an unsigned one is refused even when root adds it."""
    targets = host.read("apt-get indextargets --format '$(REPO_URI) $(SIGNED_BY)' | sort -u").splitlines()
    files = host.read("find /etc/apt/sources.list /etc/apt/sources.list.d -type f -size +0 2>/dev/null; true").split()
    unsigned = host.read("sh -c %s", UNSIGNED).strip().splitlines()
    observe(sources=targets, files=files, unsigned=unsigned[-3:])
    assert len(targets) == 1, f"sources: {targets or 'none'}"
    assert targets[0].endswith("/etc/apt/keyrings/depot.gpg"), f"not bound to the depot's key: {targets[0]}"
    assert files == ["/etc/apt/sources.list.d/depot.sources"], f"source files: {', '.join(files)}"
    assert unsigned[-1] == "REFUSED", "an unsigned source is accepted"


@control("SYS-04")
def test_every_installed_package_is_one_of_the_depot(host: Host, observe: Callable[..., None]) -> None:
    """Each installed version stands in the signed index or is declared, none is held back, and files are as packed.

    How they were packed is what the control node knows from the bundle that it deployed; dpkg's own word counts for
    nothing.
    """
    known = host.json("/usr/bin/python3 -c %s", ORIGINS)
    held = host.read("apt-mark showhold").split()
    looked, changed = drift.changed_package_files(host, {package.split()[0] for package in known["elsewhere"]})
    others = undeclared(host.site, known["elsewhere"])
    observe(
        packages_of_the_depot=known["depot"],
        declared=[package for package in known["elsewhere"] if package not in others],
        others=others,
        held=held,
        compared_packages=looked,
        changed_files=changed,
    )
    assert known["depot"] > 0, "no package is known to the depot"
    assert not others, f"neither from the depot nor declared: {', '.join(others[:10])}; do: {FOREIGN.do}"
    assert not held, f"held back from updates: {', '.join(held)}; do: apt-mark unhold {' '.join(held)}"
    assert looked, "no package was compared with what it holds"
    assert not changed, (
        f"not as packed: {', '.join(changed[:10])}; "
        f"do: conclave deploy {host.site.name} for conclave-*, apt-get install --reinstall PACKAGE for others"
    )


@control("SYS-02")
def test_services_are_sandboxed(host: Host, observe: Callable[..., None]) -> None:
    """The score of each running service in `systemd-analyze security` is at most 3.0, or its unit says why not.

    Nothing beside the unit that was placed may speak for it: a drop-in that somebody has added is named.
    """
    running = host.read(
        "systemctl list-units --type=service --state=running --plain --no-legend | cut -d' ' -f1"
    ).split()
    units = [unit for unit in running if software.sets_up(unit)]
    scores = {row["unit"]: float(row["exposure"]) for row in host.json("systemd-analyze security --json=short")}
    seen = {unit: scores[unit] for unit in units if unit in scores}
    added = drift.unknown_unit_files(host, units)
    observe(exposure=seen, added_unit_files=added)
    unscored = [unit for unit in units if unit not in scores]
    masked = [f"{unit} ({host.run('systemctl is-enabled %s', unit).out.strip()})" for unit in unscored]
    assert not masked, f"running, but their units cannot be read: {', '.join(masked)}; do: systemctl unmask UNIT"
    assert not added, f"neither a package nor a role has placed {', '.join(added)}"
    exposed = {unit: score for unit, score in seen.items() if score > MOST_EXPOSED}
    silent = [unit for unit in exposed if REASON not in host.read("systemctl cat %s", unit)]
    assert not silent, "above 3.0 without a reason: " + ", ".join(f"{unit} {exposed[unit]}" for unit in silent)


@control("SYS-08")
def test_no_unit_has_failed_and_everything_enabled_runs(host: Host, observe: Callable[..., None]) -> None:
    """Nothing has failed; each unit that the roles start is active and starts at boot, each enabled service runs."""
    state = host.run("systemctl is-system-running --wait").out.strip()
    failed = host.read("systemctl list-units --failed --plain --no-legend | cut -d' ' -f1").split()
    rows = host.read("systemctl list-unit-files --type=service --state=enabled --plain --no-legend | cut -d' ' -f1")
    units = [unit for unit in rows.split() if software.sets_up(unit) and not unit.endswith("@.service")]
    placed_units = drift.placed_on(host).units
    states = {unit: host.run("systemctl is-enabled %s", unit).out.strip() for unit in placed_units}
    units = sorted({*units, *placed_units})
    active = {unit: host.run("systemctl is-active %s", unit).out.strip() for unit in units}
    observe(system=state, failed=failed, services=active, at_boot=states)
    assert active, "no service of the product is enabled"
    asleep = [f"{unit} is {word or 'not there'}" for unit, word in states.items() if word not in AT_BOOT]
    # A masked unit takes the socket with it that waits for it: the failure alone would not name the cause.
    wrong = [f"failed: {', '.join(failed)}"] if failed else []
    wrong += [f"will not start at boot: {', '.join(asleep)}; do: conclave deploy"] if asleep else []
    wrong += [f"{unit} is {word}" for unit, word in active.items() if word != "active"]
    assert not wrong, "; ".join(wrong)


@control("SYS-09")
def test_debians_profiles_are_in_force_and_deny_nothing_of_ours(host: Host, observe: Callable[..., None]) -> None:
    """Each AppArmor profile of a package is loaded and enforced; its programs run in it, and meet no denial."""
    seen = host.json("/usr/bin/python3 -c %s", inspect.getsource(confinement))
    if seen["container"] and not seen["enabled"]:
        raise NotApplicable("a container: whether AppArmor is on is up to the machine below")
    observe(**seen)
    assert seen["enabled"], "AppArmor is off"
    assert seen["expected"], "no installed package brings a profile"
    lacking = [name for name in seen["expected"] if seen["loaded"].get(name) != "enforce"]
    assert not lacking, "not enforced: " + ", ".join(
        f"{name} ({seen['loaded'].get(name, 'not loaded')})" for name in lacking
    )
    assert not seen["outside"], f"outside of their profile: {', '.join(seen['outside'])}"
    assert not seen["denied"], f"denied: {'; '.join(seen['denied'][:5])}"


@control("MON-01")
def test_health_checks_are_content(host: Host, observe: Callable[..., None]) -> None:
    """Every health check that the roles put on the host says ok."""
    checks = host.read("ls /etc/conclave/host/health.d").split()
    services = {check.removesuffix(".json") for check in checks}
    answer = host.run("conclave-health")
    rows = {row["service"]: row for row in map(json.loads, answer.out.splitlines())}
    observe(health={service: row["detail"] for service, row in rows.items()})
    assert services, "the host has no health check"
    assert not services - set(rows), f"no answer for {', '.join(sorted(services - set(rows)))}: {answer.err[-200:]}"
    bad = {service: row["detail"] for service, row in rows.items() if not row["ok"]}
    assert not bad, f"{bad}"
    assert answer.status == 0, answer.err[-200:]


@control("ADM-01")
def test_ssh_takes_keys_only(host: Host, observe: Callable[..., None]) -> None:
    """The settings in force, not the file, for whoever signs in: no password, no agent or X11 forwarding."""
    expected = {
        "passwordauthentication": "no",
        "kbdinteractiveauthentication": "no",
        "permitemptypasswords": "no",
        "permitrootlogin": "without-password",
        "allowagentforwarding": "no",
        "x11forwarding": "no",
    }
    # A Match block may say something else to one account or one network.
    networks = {zone: str(nets[0].network_address + 1) for zone, nets in host.site.answers.zones.items()}
    asked = {f"{user} from {zone}": (user, at) for user in ("root", "nobody") for zone, at in networks.items()}
    seen = {}
    for who, (user, at) in asked.items():
        said = host.read("sshd -T -C user=%s,host=%s,addr=%s", user, at, at).splitlines()
        rows = dict(row.split(" ", 1) for row in said if " " in row)
        seen[who] = {key: rows.get(key) for key in expected}
    observe(sshd=seen)
    wrong = {
        f"{key} {found[key]}": who for who, found in seen.items() for key in expected if found[key] != expected[key]
    }
    assert not wrong, f"sshd says: {', '.join(f'{what} (to {who})' for what, who in wrong.items())}"


@control("LOG-06")
def test_time_comes_from_the_site(host: Host, hosts: list[Host], observe: Callable[..., None]) -> None:
    """The clock follows a host of the site (or is the site's clock itself), and nobody else is configured."""
    own = {address for one in hosts for address in one.addresses}
    tracking = host.read("chronyc -c tracking").strip().split(",")
    sources = [row.split(",")[2] for row in host.read("chronyc -c -n sources").splitlines()]
    offset, leap = float(tracking[4]), tracking[-1]
    observe(reference=tracking[1], stratum=int(tracking[2]), offset_seconds=offset, sources=sources, leap=leap)
    assert leap != "Not synchronised", "the clock follows nobody"
    foreign = [source for source in sources if source not in own]
    if "core" not in host.roles:
        assert sources, "no time source is configured"
        assert not foreign, f"time comes from {', '.join(foreign)}"
    assert abs(offset) < 0.1, f"the clock is {offset} s off"


@control("LOG-07")
def test_logs_hold_no_usable_tokens(host: Host, known_secrets: dict[str, str], observe: Callable[..., None]) -> None:
    """No signed token (JWT) that would still have opened anything stands in the journal or a log file.

    The SFU writes down what it refuses: forged and expired tokens may stand there, and open nothing.
    """
    lines = int(host.read("journalctl -b -o cat --no-pager | wc -l"))
    found = host.run("journalctl -b -o short-unix --no-pager | grep -E %s", TOKEN.pattern).out.splitlines()
    files = host.run("grep -rlE %s /var/log --include=*.log --include=*.log.1", TOKEN.pattern).out.split()
    usable = [row.split(" ", 2)[0] for row in found if _usable(row, known_secrets["secret_livekit_api_secret"])]
    observe(journal_lines=lines, refused_tokens=len(found) - len(usable), usable_tokens=len(usable), files=files)
    assert lines > 0, "the journal is empty"
    assert not usable, f"{len(usable)} lines with a usable token, the first logged at {usable[0]}"
    assert not files, f"tokens in {', '.join(files)}"


def _usable(row: str, secret: str) -> bool:
    logged = float(row.split(" ", 1)[0])
    for token in TOKEN.findall(row):
        try:
            algorithm = jwt.get_unverified_header(token)["alg"]
            if algorithm == "none":
                continue
            if algorithm == "HS256":
                jwt.decode(token, secret, algorithms=["HS256"], options={"verify_exp": False, "verify_aud": False})
            claims = jwt.decode(token, options={"verify_signature": False})
        except jwt.PyJWTError:
            # Forged, unsigned or cut off.
            continue
        if claims.get("exp", logged) + LEEWAY > logged:
            return True
    return False
