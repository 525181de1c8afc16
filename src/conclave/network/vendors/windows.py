"""Windows: policy-based QoS for browsers, as PowerShell; for participants' devices, not for a firewall."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conclave.firewall.marks import DSCP

if TYPE_CHECKING:
    from conclave.network.rules import Plan

_BROWSERS = ("chrome.exe", "msedge.exe", "firefox.exe")


def files(plan: Plan) -> dict[str, str]:
    """Return the script."""
    head = plan.header(
        "Windows policy-based QoS (PowerShell)",
        "marks of what browsers send to this site; nothing about filter or NAT.",
        "not on Windows; the parameters are those of the cmdlet New-NetQosPolicy.",
        "run it as administrator, or put the same values into a group policy (Computer Configuration, Windows "
        "Settings, Policy-based QoS). Devices outside a domain need the registry value 'Do not use NLA' = 1.",
    )
    lines = [
        *(f"# {line}" for line in head),
        "# A policy cannot tell audio from video on one port, and overrides the browser's own marks: media",
        "# gets AF41 for all. Where switches take over the browser's marks of audio, leave out the UDP policies.",
        "#Requires -RunAsAdministrator",
        "$ErrorActionPreference = 'Stop'",
        "Get-NetQosPolicy | Where-Object Name -Like 'conclave-*' | Remove-NetQosPolicy -Confirm:$false",
    ]
    for rule in plan.served("tcp", "udp"):
        for net in rule.targets:
            for port in rule.ports:
                lines.append(f"# {rule.comment}")
                for browser in _BROWSERS:
                    title = f"conclave-{rule.flow.name}-v{rule.version}-{browser.removesuffix('.exe')}"
                    lines.append(
                        f"New-NetQosPolicy -Name '{title}' -AppPathNameMatchCondition '{browser}' "
                        f"-IPProtocolMatchCondition {rule.protocol.upper()} -IPDstPrefixMatchCondition '{net}' "
                        f"-IPDstPortStartMatchCondition {port} -IPDstPortEndMatchCondition {port} "
                        f"-DSCPAction {DSCP[rule.flow.dscp]} -NetworkProfile All | Out-Null"
                    )
    return {f"conclave-{plan.site}-qos.ps1": "\r\n".join([*lines, ""])}
