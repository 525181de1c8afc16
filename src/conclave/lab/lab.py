"""A lab: a whole site on one machine, cut off from every network."""

from __future__ import annotations

import os
import re
import time
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from conclave.errors import ConclaveError, ExitCode
from conclave.lab import access, canary, hosts, image, kernel, namespaces, needs, network, saves, state
from conclave.lab.definition import Definition, load
from conclave.paths import DEFAULT_LAB, project_root

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from contextlib import AbstractContextManager

    from conclave.lab.canary import CanaryCount

_NAME = re.compile(r"^[a-z][a-z0-9-]{0,19}$")


@dataclass(frozen=True)
class Status:
    """How a lab is: `down`, `up`, `degraded` (a host has ended) or `stale` (left over by a crash or a reboot)."""

    name: str
    state: str
    checkout: str = ""
    definition: str = ""
    ssh_config: str = ""
    hosts: dict[str, dict[str, Any]] = field(default_factory=dict)
    timing: dict[str, Any] = field(default_factory=dict)
    canary: dict[str, Any] | None = None


class Lab:
    """One lab of this machine.

    Parameters
    ----------
    name:
        Its name; several labs stand side by side.
    definition_dir:
        Inventory folder that defines it. Without one: that of the running lab, else `inventories/<name>` when it has
        a `lab.yml`, else `inventories/lab`.
    progress:
        Called with a sentence at each step.
    """

    def __init__(
        self,
        name: str = DEFAULT_LAB,
        definition_dir: Path | None = None,
        progress: Callable[[str], None] = lambda _: None,
    ) -> None:
        if not _NAME.match(name):
            raise ConclaveError(
                f"a lab cannot be named {name!r}",
                expected="a-z, 0-9 and -, at most 20 characters",
                exit_code=ExitCode.INPUT,
            )
        self.name = name
        self.folder = state.RUN / name
        self.layers = state.LAYERS / name
        self.names = network.Names.of(name)
        self.ssh_config = self.folder / "ssh_config"
        self._definition_dir = definition_dir
        self._progress = progress

    @property
    def definition(self) -> Definition:
        """The checked definition."""
        if self._definition_dir:
            return load(self._definition_dir)
        claim = state.read(self.folder)
        if claim:
            return load(Path(claim.definition))
        own = project_root() / "inventories" / self.name
        return load(own if (own / "lab.yml").is_file() else project_root() / "inventories" / "lab")

    def up(self, source: image.Source | None = None, saved: str = "") -> Status:
        """Start the lab and return when every host answers on ssh; hosts that run already stay as they are.

        Parameters
        ----------
        source:
            Where the base image comes from; the depot of the last bundle, or this machine's Debian sources.
        saved:
            Name of a saved lab of the same definition; hosts start as they were when it was saved, not blank.

        Raises
        ------
        ConclaveError
            When something is missing, when another checkout holds the name, or when a host does not come up.
        """
        begin = time.monotonic()
        needs.check()
        definition = self.definition
        kernel.check(definition.own_kernel)
        with self._alone():
            claim = state.read(self.folder)
            needs.refuse_other_checkout(self.name, claim)
            start = saves.find(saved, definition) if saved else None
            if start and claim and claim.living and claim.saved != str(start):
                raise ConclaveError(
                    f"lab {self.name!r} runs already, and not from {saved!r}",
                    todo=f"conclave lab down --name {self.name}, or another --name",
                    exit_code=ExitCode.NOT_READY,
                )
            if claim and claim.ready and claim.living and claim.definition == str(definition.folder):
                missing = [host.name for host in definition.hosts if host.name not in claim.living]
                self._boot(definition, claim, missing, begin)
                return self.status()
            if claim and claim.ready and claim.living:
                raise ConclaveError(
                    f"lab {self.name!r} runs from {claim.definition}",
                    expected=str(definition.folder),
                    todo=f"conclave lab down --name {self.name}, or another --name",
                    exit_code=ExitCode.NOT_READY,
                )
            try:
                self._clean(claim)
                self._fresh(definition, source, begin, start)
            except BaseException:
                self._clean(state.read(self.folder))
                raise
        return self.status()

    def down(self) -> None:
        """End the lab and leave nothing behind, whatever state it is in.

        Raises
        ------
        ConclaveError
            When another checkout holds the name, or when called inside the lab.
        """
        needs.check_privilege(os.geteuid())
        needs.refuse_inside(self.name)
        with self._alone():
            claim = state.read(self.folder)
            needs.refuse_other_checkout(self.name, claim)
            self._clean(claim)

    def save(self, saved: str) -> Path:
        """Power the hosts off and keep what they have written, so that labs can start from it; the lab is down then.

        Passwords and keys in it are those of the inventory it was deployed from, so it is of use to that checkout.

        Raises
        ------
        ConclaveError
            When the lab is not up or itself started from a saved one, or a host does not power off.
        """
        if not _NAME.match(saved):
            raise ConclaveError(
                f"a saved lab cannot be named {saved!r}", expected="a-z, 0-9 and -", exit_code=ExitCode.INPUT
            )
        needs.refuse_inside(self.name)
        claim = self._running()
        if claim.saved:
            raise ConclaveError(
                f"lab {self.name!r} started from {claim.saved}", todo="save the first one", exit_code=ExitCode.NOT_READY
            )
        kernel.refuse_saving(self.name, claim.kernel_bases)
        target = state.SAVED / saved
        with self._alone():
            for name in claim.living:
                self._progress(f"powering {name} off")
                namespaces.run(self.command(name, ["systemctl", "poweroff"]), doing=f"powering {name} off")
            for process in claim.hosts.values():
                namespaces.wait(process.pid, seconds=hosts.BOOT_SECONDS)
            hosts.remove_layer(target)
            target.mkdir(parents=True, mode=0o700)
            for name in claim.hosts:
                (self.layers / name / "up").rename(target / name)
            (target / "base").write_text(f"{claim.base}\n", encoding="utf-8")
            self._clean(claim)
        return target

    @staticmethod
    def forget(saved: str) -> None:
        """Delete a saved lab.

        Raises
        ------
        ConclaveError
            When there is none of that name, or a lab runs from it.
        """
        needs.check_privilege(os.geteuid())
        saves.forget(saved)

    def reset(self, only: Iterable[str] = ()) -> Status:
        """Make hosts blank again: all of them and the canary's counters, or the named ones.

        Raises
        ------
        ConclaveError
            When the lab is not up.
        """
        begin = time.monotonic()
        claim = self._running()
        definition = load(Path(claim.definition))
        chosen = self._chosen(claim, only)
        with self._alone():
            hosts.stop(claim.hosts[name] for name in chosen)
            for name in chosen:
                hosts.remove_layer(self.layers / name)
            self._progress(f"blank again: {', '.join(chosen)}")
            if not list(only):
                network.count_anew(definition, self.names)
            self._boot(definition, claim, chosen, begin)
        return self.status()

    def power_cut(self, only: Iterable[str] = ()) -> Status:
        """End hosts at once, all of them or the named ones, start them again, and return when each answers on ssh.

        A host loses its processes and its memory, and nothing that it has written: this machine writes it to the disk.

        Raises
        ------
        ConclaveError
            When the lab is not up, has no such host, or a host does not come back.
        """
        begin = time.monotonic()
        claim = self._running()
        chosen = self._chosen(claim, only)
        with self._alone():
            hosts.stop(claim.hosts[name] for name in chosen)
            self._boot(load(Path(claim.definition)), claim, chosen, begin)
        return self.status()

    def reboot(self, host: str) -> None:
        """Reboot a host from within and return when it answers on ssh again.

        Raises
        ------
        ConclaveError
            When the lab is not up, has no such host, or the host does not come back.
        """
        claim = self._running()
        process = self._host_process(claim, host)
        if own := load(Path(claim.definition)).own_kernel.get(host):
            kernel.reboot(host, own, process, partial(self.command, host))
            return
        before = hosts.leader(process)
        namespaces.run(self.command(host, ["systemctl", "reboot"]), doing=f"rebooting {host}")
        if before:
            namespaces.wait(before, seconds=hosts.BOOT_SECONDS)
        address = {known.name: known.ansible_host for known in load(Path(claim.definition)).hosts}[host]
        begin = time.monotonic()
        wait = partial(hosts.wait_for_ssh, {host: address}, {host: process}, begin)
        namespaces.inside(self.names.control, wait)

    def status(self) -> Status:
        """Look at the lab; changes nothing."""
        needs.check_privilege(os.geteuid())
        claim = state.read(self.folder)
        if claim is None:
            return Status(self.name, "stale" if self._remains() else "down")
        known = {name: {"pid": process.pid, "running": process.alive} for name, process in claim.hosts.items()}
        living = claim.living
        if not living or not claim.ready or set(self._needed()) - set(self.names.present()):
            return Status(self.name, "stale", claim.checkout, claim.definition, hosts=known)
        count = self.canary()
        named = count.named(load(Path(claim.definition)))
        return Status(
            self.name,
            "up" if len(living) == len(known) else "degraded",
            claim.checkout,
            claim.definition,
            str(self.ssh_config),
            {name: values | claim.timing.get("hosts", {}).get(name, {}) for name, values in known.items()},
            claim.timing,
            {"packets": count.packets, "link_local": count.link_local, "sources": named},
        )

    def canary(self) -> CanaryCount:
        """Count what reached the outside zone since the lab was started or reset."""
        return namespaces.inside(self.names.canary, canary.read)

    def command(self, where: str, argv: list[str]) -> list[str]:
        """Return a command line that runs `argv` in a part of the lab.

        Parameters
        ----------
        where:
            `control`, `users`, `outsiders`, `canary`, or the name of a host.
        argv:
            Program and arguments; the environment and the working folder stay, but not in a host.

        Raises
        ------
        ConclaveError
            When the lab is not up or has no such part.
        """
        claim = self._running()
        if where in {"control", "users"}:
            return access.in_namespace(getattr(self.names, where), self.folder / "etc", argv)
        if where == "outsiders":
            return access.in_namespace(self.names.outsiders, self.folder / "etc-outside", argv)
        if where == "canary":
            return ["nsenter", f"--net={namespaces.NETNS / self.names.canary}", "--", *argv]
        process = self._host_process(claim, where)
        if claim.kernel_bases and where in load(Path(claim.definition)).own_kernel:
            return access.over_ssh(self.names.control, self.folder, where, argv)
        leader = hosts.leader(process)
        if leader is None:
            raise ConclaveError(
                f"host {where} is starting or has ended", todo="conclave lab status", exit_code=ExitCode.NOT_READY
            )
        return access.in_host(leader, argv)

    def environment(self) -> dict[str, str]:
        """Return the variables that tell programs in the control namespace about the lab."""
        return access.environment(self.name, self.folder)

    def _fresh(self, definition: Definition, source: image.Source | None, begin: float, saved: Path | None) -> None:
        images = kernel.images(source or image.default_source(), definition, saved, self._progress)
        timing = {"image": round(time.monotonic() - begin, 2)}
        base = images.pop(kernel.SHARED, "")
        claim = state.Claim(str(project_root()), str(definition.folder), base, state.boot_id(), timing=timing)
        claim.saved, claim.kernel_bases = str(saved or ""), images
        state.write(self.folder, claim)
        self._progress("building the network")
        network.build(definition, self.names)
        timing["network"] = round(time.monotonic() - begin - timing["image"], 2)
        access.prepare(definition, self.folder)
        self._boot(definition, claim, [host.name for host in definition.hosts], begin)

    def _boot(self, definition: Definition, claim: state.Claim, names: list[str], begin: float) -> None:
        """Start hosts side by side and wait for them."""
        if not names:
            return
        self._progress(f"starting {', '.join(names)}")
        authorized = (self.folder / "id_ed25519.pub").read_text(encoding="utf-8").strip()
        started = time.monotonic()
        chosen = [host for host in definition.hosts if host.name in names]
        for host in chosen:
            layer = self.layers / host.name
            if not layer.exists():
                public = hosts.prepare(definition, host, layer, authorized)
                access.remember(self.folder, host, public)
            own = definition.own_kernel.get(host.name)
            image_folder = claim.kernel_bases[own.kernel] if own else claim.base
            base = f"{claim.saved}/{host.name}:{image_folder}" if claim.saved else image_folder
            place = hosts.Place(base, layer, self.folder / "console" / f"{host.name}.log")
            claim.hosts[host.name] = hosts.start(definition, self.name, host, place)
            state.write(self.folder, claim)
        addresses = {host.name: host.ansible_host for host in chosen}
        within = kernel.boot_seconds(own for name, own in definition.own_kernel.items() if name in names)
        wait = partial(hosts.wait_for_ssh, addresses, claim.hosts, started, within)
        try:
            seconds = namespaces.inside(self.names.control, wait)
        except hosts.HostEndedError as error:
            rows = (self.folder / "console" / f"{error.host}.log").read_text(encoding="utf-8", errors="replace")
            raise hosts.HostEndedError(error.host, " / ".join(rows.split("\n")[-6:])) from error
        claim.timing["boot"] = round(time.monotonic() - started, 2)
        claim.timing["total"] = round(time.monotonic() - begin, 2)
        claim.timing.setdefault("hosts", {}).update({name: {"ssh_after": value} for name, value in seconds.items()})
        claim.ready = True
        state.write(self.folder, claim)

    def _clean(self, claim: state.Claim | None) -> None:
        """Remove every trace; each step does nothing when there is nothing."""
        if claim and claim.boot == state.boot_id():
            hosts.stop(claim.hosts.values())
        namespaces.end(hosts.strays(self.name), grace=0)
        network.remove(self.names)
        hosts.remove_cgroups(self.name)
        for folder in (self.layers, *(entry for entry in self.folder.glob("*") if entry.is_dir())):
            hosts.remove_layer(folder)
        for file in self.folder.glob("*"):
            file.unlink()
        for empty in self.layers.parents[:2]:
            try:
                empty.rmdir()
            except OSError:
                break

    def _alone(self) -> AbstractContextManager[None]:
        return state.locked(self.folder, f"lab {self.name!r} is being started or stopped by another process")

    def _remains(self) -> bool:
        return bool(self.layers.exists() or self.names.present() or hosts.cgroups(self.name))

    def _needed(self) -> list[str]:
        return [self.names.control, self.names.users, self.names.canary, self.names.outsiders]

    def _running(self) -> state.Claim:
        needs.check_privilege(os.geteuid())
        claim = state.read(self.folder)
        if claim is None or not claim.ready or not claim.living:
            raise ConclaveError(
                f"lab {self.name!r} is not up", todo=f"conclave lab up --name {self.name}", exit_code=ExitCode.NOT_READY
            )
        needs.refuse_other_checkout(self.name, claim)
        return claim

    def _chosen(self, claim: state.Claim, only: Iterable[str]) -> list[str]:
        """Return the named hosts, each of which the lab must have, or all of them."""
        chosen = list(only) or list(claim.hosts)
        for name in chosen:
            self._host_process(claim, name)
        return chosen

    def _host_process(self, claim: state.Claim, name: str) -> hosts.Process:
        if name not in claim.hosts:
            parts = ", ".join(["control", "users", "outsiders", "canary", *claim.hosts])
            raise ConclaveError(
                f"lab {self.name!r} has no {name!r}", expected=f"one of: {parts}", exit_code=ExitCode.INPUT
            )
        return claim.hosts[name]
