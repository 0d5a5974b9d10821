"""Echo as a protocol of asyncio, on one of three machineries.

python -m benchmarks.servers.echo_peer asyncio|uvloop|aiofastnet tcp|udp|tls PORT [CERTIFICATE KEY]

aiofastnet is the fastest that its README has: its own transports on uvloop's loop.
"""

import asyncio
import ssl
import sys
from typing import Any


class StreamEcho(asyncio.Protocol):
    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.transport.write(data)


class DatagramEcho(asyncio.DatagramProtocol):
    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, address: Any) -> None:
        self.transport.sendto(data, address)


async def serve(machinery: str, transport: str, port: int, files: list[str]) -> None:
    loop = asyncio.get_running_loop()
    if transport == "udp":
        await loop.create_datagram_endpoint(DatagramEcho, ("127.0.0.1", port))
        await asyncio.Event().wait()
    context = None
    if transport == "tls":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*files)
    if machinery == "aiofastnet":
        import aiofastnet

        create_server: Any = aiofastnet.create_server
        server = await create_server(loop, StreamEcho, "127.0.0.1", port, ssl=context, backlog=4096)
    else:
        server = await loop.create_server(StreamEcho, "127.0.0.1", port, ssl=context, backlog=4096)
    await server.serve_forever()


def main(machinery: str, transport: str, port: str, *files: str) -> None:
    main = serve(machinery, transport, int(port), list(files))
    if machinery == "asyncio":
        asyncio.run(main)
    else:
        import uvloop

        uvloop.run(main)


if __name__ == "__main__":
    main(*sys.argv[1:])
