"""Looking up peers: `host:port` to the addresses that DNS (or the hosts file) gives for it now."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence

from rialto.kernel.errors import Unavailable

ANSWERED_WITHIN_S = 2.0


async def resolve(name: str) -> Sequence[str]:
    """All addresses as `ip:port`, in a steady order. Raises Unavailable when the name cannot be looked up."""
    host, _, port = name.rpartition(":")
    host = host.strip("[]")
    try:
        async with asyncio.timeout(ANSWERED_WITHIN_S):
            found = await asyncio.get_running_loop().getaddrinfo(host, int(port), type=socket.SOCK_STREAM)
    except (OSError, TimeoutError, UnicodeError) as error:
        raise Unavailable(f"{host} cannot be looked up.") from error
    addresses = sorted({str(entry[4][0]) for entry in found})
    return [f"[{address}]:{port}" if ":" in address else f"{address}:{port}" for address in addresses]
