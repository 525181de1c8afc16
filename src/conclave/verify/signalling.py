"""Speak to the SFU as a client does, without media: `python -m conclave.verify.signalling` with a request on stdin.

The request is JSON with `url`, `tokens` by name, `authority`, and the name of the token to `join` with, or nothing:
a token has no place on a command line. The answer is JSON: the status of `/rtc/validate` for each, and what one who
joins is told.
"""

from __future__ import annotations

import asyncio
import json
import re
import ssl
import sys
from typing import Any

import aiohttp
from livekit.protocol import rtc

SECONDS = 10
# The signalling protocol of livekit-client 2.x; the server accepts all from 2 on.
PROTOCOL = 15


async def ask(request: dict[str, Any]) -> dict[str, Any]:
    """Validate each token, and join with the one named, when that is accepted; return what was handed out."""
    context = ssl.create_default_context(cafile=request["authority"])
    web = request["url"].replace("ws", "http", 1)
    timeout = aiohttp.ClientTimeout(total=SECONDS)
    answers: dict[str, Any] = {"statuses": {}, "join": None}
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context), timeout=timeout) as session:
        for name, token in request["tokens"].items():
            given = {"access_token": token} if token else {}
            async with session.get(f"{web}/rtc/validate", params=given) as answer:
                answers["statuses"][name] = answer.status
        if token := request["tokens"].get(request["join"]):
            parameters = {"access_token": token, "protocol": str(PROTOCOL), "sdk": "python", "auto_subscribe": "0"}
            async with session.ws_connect(f"{request['url']}/rtc", params=parameters) as socket:
                answers["join"] = await _join(socket)
    return answers


async def _join(socket: aiohttp.ClientWebSocketResponse) -> dict[str, Any] | None:
    async for message in socket:
        if message.type is not aiohttp.WSMsgType.BINARY:
            continue
        response = rtc.SignalResponse.FromString(message.data)
        if response.HasField("join"):
            servers = [url for server in response.join.ice_servers for url in server.urls]
            return {"ice_servers": servers, "version": response.join.server_info.version}
    return None


def without_token(error: Exception) -> str:
    """Return what went wrong in a line; addresses in it hold tokens, and the line is kept as evidence."""
    return f"{type(error).__name__}: {re.sub(r'access_token=[^&\s]+', 'access_token=…', str(error))}"


def main() -> int:
    """Answer the request on stdin."""
    try:
        answers = asyncio.run(ask(json.load(sys.stdin)))
    except (aiohttp.ClientError, OSError) as error:
        sys.stderr.write(f"{without_token(error)}\n")
        return 1
    json.dump(answers, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
