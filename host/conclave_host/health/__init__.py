"""``conclave-health``: ask the services of this host how they are.

Each role leaves ``/etc/conclave/host/health.d/<service>.json``: its name says which check it is, its values where to
ask.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from importlib import import_module
from typing import TYPE_CHECKING

from conclave_host.settings import FOLDER, Settings, SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable

    from conclave_host.health.answer import Answer

CHECKS = f"{FOLDER}/health.d"
# Where the check of a service stands, as module.function.
MODULES = {
    "ca": "over_http.certificate_renewal",
    "depot": "over_http.package_list",
    "disk": "local.room",
    "dns": "local.name_service",
    "edge": "over_http.client_page",
    "keycloak": "over_http.identity_server",
    "livekit": "over_http.sfu",
    "ntp": "local.clock",
    "portal": "over_http.portal",
    "postgresql": "local.database",
    "tls": "local.certificate",
    "valkey": "local.message_bus",
}
PAUSE = 0.2
SICK, UNUSABLE = 1, 2


def main(arguments: list[str]) -> int:
    """Print one line of JSON for each service; 0 when all are well, 2 when one could not be asked."""
    parser = argparse.ArgumentParser(prog="conclave-health", description="Ask this host's services how they are.")
    parser.add_argument("services", nargs="*", help="by default all that this host has")
    parser.add_argument("--answers", action="store_true", help="it is enough that a service answers at all")
    parser.add_argument(
        "--wait", type=float, default=0, metavar="SECONDS", help="ask again until it is well, this long"
    )
    parser.add_argument("--folder", default=CHECKS, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    try:
        services = options.services or known(options.folder)
        return max(_ask(service, options.folder, options.wait, answers=options.answers) for service in services)
    except SettingsError as error:
        print(f"conclave-health: {error}", file=sys.stderr)
        return UNUSABLE


def known(folder: str) -> list[str]:
    """Return the services that this host has a check for.

    Raises
    ------
    SettingsError
        When there is none: nothing looked at is no good news.
    """
    names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    services = [name.removesuffix(".json") for name in names if name.endswith(".json")]
    if not services:
        raise SettingsError(
            f"{folder}: no checks; expected: one file a service; do: conclave deploy, on the control node"
        )
    return services


def _ask(service: str, folder: str, patience: float, *, answers: bool) -> int:
    settings = Settings.load(f"{folder}/{service}.json")
    check = _check(service, settings.path)
    end = time.monotonic() + patience
    answer = check(settings)
    while not answer.well(answers=answers) and time.monotonic() < end:
        time.sleep(PAUSE)
        answer = check(settings)
    well = answer.well(answers=answers)
    print(json.dumps({"service": service, "ok": well, "detail": answer.detail}), flush=True)
    return 0 if well else SICK


def _check(service: str, path: str) -> Callable[[Settings], Answer]:
    if service not in MODULES:
        raise SettingsError(f"{path}: no check for {service}; expected: one of {', '.join(MODULES)}")
    module, _, function = MODULES[service].partition(".")
    found: Callable[[Settings], Answer] = getattr(import_module(f"conclave_host.health.{module}"), function)
    return found
