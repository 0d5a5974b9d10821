"""Ask over a path, for udp_path.sh: python udp_path.py URL prints what became of requests of several sizes."""

import asyncio
import sys

from fastnet import udp

url, retry = sys.argv[1], udp.Retry(attempts=8)

with udp.Client(url, retry=retry, fragment=False) as client:

    def ask(what: str, size: int) -> None:
        try:
            print(f"{what}: {client.request(bytes(size)).decode()}")
        except OSError as error:
            print(f"{what}: {error.strerror}")

    interface = client.packet_bytes
    print(f"at first, as the interface has it: {interface}")
    assert interface
    ask("one byte more than the interface has", interface + 1)
    ask("as much as the interface has", interface)  # the router says that it is too large
    assert client.packet_bytes
    ask("as much as the path has", client.packet_bytes)
    ask("one byte more than the path has", client.packet_bytes + 1)

with udp.Client(url, retry=retry) as client:
    print("in fragments:", client.request(bytes(5000)).decode())


async def main() -> None:
    async with udp.AsyncClient(url, retry=retry, fragment=False) as client:
        room = client.packet_bytes
        assert room
        print("asyncio, as much as the path has:", (await client.request(bytes(room))).decode())
        try:
            await client.request(bytes(room + 1))
        except OSError as error:
            print("asyncio, one byte more than the path has:", error.strerror)


asyncio.run(main())
