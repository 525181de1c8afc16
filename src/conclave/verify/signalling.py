"""Speak to the SFU as a client does, without media: `python -m conclave.verify.signalling` with a request on stdin.

The request is JSON with `url`, `token` and `authority`; a token does not belong on a command line. The answer is JSON:
the status of `/rtc/validate`, and what the server tells one who joins.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
from typing import Any

import aiohttp
from livekit.protocol import rtc

SECONDS = 10
# The signalling protocol of livekit-client 2.x; the server accepts all from 2 on.
PROTOCOL = 15


async def ask(request: dict[str, Any]) -> dict[str, Any]:
    """Validate a token and, when it is accepted, join and return what was handed out."""
    context = ssl.create_default_context(cafile=request["authority"])
    web = request["url"].replace("wss://", "https://")
    given = {"access_token": request["token"]} if request["token"] else {}
    timeout = aiohttp.ClientTimeout(total=SECONDS)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context), timeout=timeout) as session:
        async with session.get(f"{web}/rtc/validate", params=given) as answer:
            status = answer.status
        joined = None
        if status == 200 and request.get("join"):  # noqa: PLR2004 (HTTP)
            parameters = given | {"protocol": str(PROTOCOL), "sdk": "python", "auto_subscribe": "0"}
            async with session.ws_connect(f"{request['url']}/rtc", params=parameters) as socket:
                joined = await _join(socket)
    return {"status": status, "join": joined}


async def _join(socket: aiohttp.ClientWebSocketResponse) -> dict[str, Any] | None:
    async for message in socket:
        if message.type is not aiohttp.WSMsgType.BINARY:
            continue
        response = rtc.SignalResponse.FromString(message.data)
        if response.HasField("join"):
            servers = [url for server in response.join.ice_servers for url in server.urls]
            return {"ice_servers": servers, "version": response.join.server_info.version}
    return None


if __name__ == "__main__":
    json.dump(asyncio.run(ask(json.load(sys.stdin))), sys.stdout)
