"""Clients that keep a server busy and notice every request that gets lost."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field


class Lost(Exception):
    """A request was sent on a connection that the server had accepted, and no whole answer came."""


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


class Client:
    """One connection, kept alive. After an answer that says `Connection: close`, `open` is False."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self.open = True
        self.worker = b""  # the body of the last answer: in these tests, the pid of the worker

    @classmethod
    async def connect(cls, port: int) -> Client:
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def get(self, path: str = "/", extra: str = "") -> Answer:
        try:
            self._writer.write(f"GET {path} HTTP/1.1\r\nHost: test\r\n{extra}\r\n".encode())
            answer = await self._read()
        except (OSError, asyncio.IncompleteReadError) as error:
            self.close()
            raise Lost(repr(error)) from None
        self.worker = answer.body
        if answer.headers.get("connection") == "close":
            self.close()
        return answer

    async def _read(self) -> Answer:
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:-2])}
        if "content-length" in headers:
            body = await self._reader.readexactly(int(headers["content-length"]))
        else:
            body = b""
            while size := int(await self._reader.readuntil(b"\r\n"), 16):
                body += (await self._reader.readexactly(size + 2))[:-2]
            await self._reader.readexactly(2)
        return Answer(int(head[0].split()[1]), headers, body)

    def close(self) -> None:
        self.open = False
        self._writer.close()


@dataclass
class Load:
    """Many clients, each sending one request after the other until `stop` is set or the server refuses to connect."""

    port: int
    extra: str = ""
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    answered: int = 0
    lost: list[tuple[bytes, str]] = field(default_factory=list)  # worker of the connection, if known, and how
    refused: int = 0

    async def client(self, path: str) -> None:
        while not self.stop.is_set():
            try:
                client = await Client.connect(self.port)
            except (ConnectionRefusedError, ConnectionResetError):
                self.refused += 1
                return
            while client.open and not self.stop.is_set():
                try:
                    answer = await client.get(path, self.extra)
                except Lost as error:
                    self.lost.append((client.worker, str(error)))
                    break
                assert answer.status == 200
                self.answered += 1
            client.close()

    async def run(self, clients: int, path: str = "/") -> None:
        await asyncio.gather(*(self.client(path) for _ in range(clients)))
