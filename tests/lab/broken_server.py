# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server whose port 25 accepts connections and then misbehaves: `broken_server.py ADDRESS BEHAVIOUR ...`."""

from __future__ import annotations

import asyncio
import socket
import struct
import sys

PORT = 25


async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send a RST before the banner."""
    # At once, the RST could overtake connect() on the client's side, and the same fault would show in two ways.
    await asyncio.sleep(0.2)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def closed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Close the connection in good order, but before the banner."""
    writer.close()


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Never say anything, until the client gives up."""
    await reader.read()
    writer.close()


BEHAVIOURS = {"reset": reset, "closed": closed, "silent": silent}


async def main(words: list[str]) -> None:
    servers = [
        await asyncio.start_server(BEHAVIOURS[behaviour], address, PORT)
        for address, behaviour in zip(words[::2], words[1::2], strict=True)
    ]
    await asyncio.gather(*(server.serve_forever() for server in servers))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
