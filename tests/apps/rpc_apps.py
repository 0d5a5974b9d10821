"""RPC services that the tests serve: one of `def` methods, and one with `async def` among them."""

import asyncio
from collections.abc import AsyncIterator, Iterator

from fastnet.apps.rpc import Service
from fastnet.protocols.rpc_errors import RPCError

plain = Service("plain", max_message_bytes=100_000, max_batch=20)
mixed = Service("mixed", max_message_bytes=100_000, max_batch=20)


def add(a: int, b: int = 1) -> int:
    """The sum."""
    return a + b


def echo(value: object) -> object:
    return value


def count(n: int) -> Iterator[int]:
    yield from range(n)


def refuse(code: int) -> None:
    raise RPCError("refused", {"code": code}, code)


def fail() -> None:
    raise ValueError("a secret")


for service in (plain, mixed):
    for function in (add, echo, count, refuse, fail):
        service.method(function)


@mixed.method
async def wait(seconds: float) -> str:
    await asyncio.sleep(seconds)
    return "waited"


@mixed.method(timeout_s=0.05)
async def impatient() -> None:
    await asyncio.sleep(3600)


cancelled: list[str] = []


@mixed.method
async def hold(name: str) -> None:
    try:
        await asyncio.sleep(3600)
    finally:
        cancelled.append(name)


@mixed.method
async def held() -> list[str]:
    """The names of those whose hold() has ended."""
    return cancelled


@mixed.method
async def ticks(n: int) -> AsyncIterator[int]:
    try:
        for i in range(n):
            await asyncio.sleep(0)
            yield i
    finally:
        cancelled.append("ticks")


plain_msgpack, mixed_msgpack = plain.msgpack, mixed.msgpack
