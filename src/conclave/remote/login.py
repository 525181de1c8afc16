"""Who signs in where, and how a command there becomes root's."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Login:
    """One way into a host.

    Parameters
    ----------
    name:
        What people call the host.
    address:
        What ssh is given; its own configuration may make another name of it.
    become:
        Whether commands run through sudo, because it is not root who signs in.
    jump:
        The host that the connection goes through, as ssh's ProxyJump takes it (``user@host:port``, several separated
        by commas); empty where ssh's configuration decides.
    options:
        Further words for ssh, such as the inventory's ``ansible_ssh_common_args``.
    """

    name: str
    address: str
    port: int = 22
    user: str = "root"
    become: bool = False
    jump: str = ""
    options: tuple[str, ...] = ()

    @property
    def arguments(self) -> tuple[str, ...]:
        """Return the words that tell ssh where to sign in as whom."""
        way = ("-J", self.jump) if self.jump else ()
        return (*self.options, *way, "-p", str(self.port), "-l", self.user, self.address)
