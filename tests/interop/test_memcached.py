"""Real peers: memccapable and pymemcache against our cache; ours and Debian's memcached answer the same."""

import shutil
import socket
import subprocess

import pytest
from pymemcache.client.base import Client as Pymemcache

from fastnet.clients.memcache import Client
from tests.clients.caches import fastnet, memcached
from tests.servers.services import MODELS
from tests.servers.serving import PATIENCE_S


@pytest.mark.parametrize("model", MODELS)
def test_memccapable(model: str) -> None:
    program = shutil.which("memccapable")
    assert program, "memccapable is not installed (Debian: libmemcached-tools)"
    with fastnet(model=model) as port:
        command = [program, "-a", "-h", "127.0.0.1", "-p", str(port), "-t", "30"]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S)
    assert "All tests passed" in ended.stdout + ended.stderr, ended.stdout
    assert ended.stdout.count("[pass]") == 27 and "FAIL" not in ended.stdout


def test_pymemcache() -> None:
    with fastnet() as port:
        client = Pymemcache(("127.0.0.1", port), timeout=PATIENCE_S, default_noreply=False)
        assert client.set("a", b"1", expire=60) and client.get("a") == b"1"
        assert client.add("a", b"2") is False and client.replace("a", b"2") and client.append("a", b"3")
        assert client.prepend("a", b"1") and client.get("a") == b"123"
        value, unique = client.gets("a")
        assert value == b"123" and client.cas("a", b"5", unique) is True and client.cas("a", b"6", unique) is False
        assert client.incr("a", 10) == 15 and client.decr("a", 20) == 0 and client.incr("nothing", 1) is None
        assert client.set_many({f"k{n}": b"x" * n for n in range(200)}) == []
        assert client.get_many([f"k{n}" for n in range(200)]) == {f"k{n}": b"x" * n for n in range(200)}
        assert client.touch("a", 100) and client.delete("a") and not client.delete("a")
        assert client.set("b", b"x", noreply=True) and client.get("b") == b"x"
        assert client.stats()[b"curr_items"] == 201 and client.version().startswith(b"fastnet-")
        assert client.flush_all() and client.get("b") is None
        client.quit()


def test_pymemcache_and_our_client_read_each_other() -> None:
    from pymemcache.serde import CompressedSerde, pickle_serde

    with memcached() as port:
        theirs = Pymemcache(("127.0.0.1", port), serde=CompressedSerde(serde=pickle_serde))
        with Client([f"127.0.0.1:{port}"]) as ours:
            for value in (b"bytes", "text", 17, "long " * 10_000):
                theirs.set("a", value)
                assert ours.get("a") == value
                ours.set("b", value)
                assert theirs.get("b") == value
        theirs.close()


REQUESTS = [
    *(b"mg a v", b"mg a k O123 v", b"mg a k q v", b"ms a 2 T30 F5\r\nhi", b"mg a", b"mg a v", b"mg a s v t f k Oabc"),
    *(b"mg a h t l", b"mg a v v", b"mg a Y", b"mg a T90 t", b"mg a T-1", b"mg a", b"mg b N30 v t", b"mg b N30 v"),
    *(b"ms b 3 T10\r\nabc", b"mg b v", b"mg b R30 v", b"mg b R30 v", b"mg b R5", b"md b I T20", b"mg b v t", b"mg b v"),
    *(b"ms b 1 T0\r\ny", b"mg b v t", b"md b q", b"md b q", b"md b k O9", b"ms d 1 ME\r\n1", b"ms d 1 ME\r\n2"),
    *(b"ms d 1 MA\r\n3", b"ms d 1 MP\r\n0", b"mg d v", b"ms e 1 MR\r\n0", b"ms e 1 MA\r\n0", b"ms e 1 MX\r\n0"),
    *(b"ms e 1 q\r\n0", b"ms e 1 q ME\r\n0", b"ms e 1 C0\r\n0", b"ms nope 1 C1\r\n0", b"ma n", b"ma n N0 J13 v"),
    *(b"ma n v", b"ma n D10 v t k", b"ma n MD D100 v", b"mg n v", b"ma n q", b"ma n q v", b"ma nope q", b"ma n MX"),
    *(b"ms e 1\r\nx", b"ma e", b"ma n T30 t", b"ms Zm9v 1 b\r\nx", b"mg Zm9v b v k", b"me nope"),
    *(b"mg foo O" + b"x" * 33, b"ms x 1 C50 I\r\n2", b"set a 1 0 2\r\nhi", b"get a", b"get a a b", b"gat 100 a"),
    *(b"mg a t", b"touch a 50", b"mg a t", b"touch nope 5", b"add a 0 0 1\r\nx", b"append a 5 5 1\r\nx"),
    *(b"prepend a 5 5 1\r\ny", b"get a", b"mg a t f", b"replace nope 0 0 1\r\nx", b"append nope 0 0 1\r\nx"),
    *(b"cas nope 0 0 1 1\r\nx", b"cas a 0 0 1 0\r\nx", b"set n 0 0 2\r\n10", b"decr n 1", b"get n", b"incr n 1"),
    *(b"incr n 18446744073709551615", b"get n", b"decr n 100", b"get n", b"incr n x", b"incr n -1", b"incr nope 1"),
    *(b"set n 0 0 20\r\n18446744073709551615", b"incr n 1", b"get n", b"set n 0 0 21\r\n184467440737095516151"),
    *(b"incr n 1", b"set n 0 0 2\r\n-1", b"incr n 1", b"set n 0 0 2\r\n5 ", b"incr n 1", b"get n"),
    *(b"set e 0 -1 1\r\nx", b"get e", b"delete a", b"delete a", b"delete a 0", b"get", b"gets", b"nothing", b""),
    *(b"set k 0 0 1 noreply\r\nx", b"delete k noreply", b"incr k 1 noreply", b"get " + b"k" * 250),
    *(b"get " + b"k" * 251, b"set x 0 0 1\r\nx", b"get x"),
    *(b"flush_all 0", b"flush_all x", b"flush_all noreply", b"verbosity 1", b"verbosity", b"touch a x", b"gat x a"),
    *(b"set big 0 0 2000000\r\n" + bytes(2_000_000), b"get big"),
]


def answers(port: int) -> list[bytes]:
    found = []
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as client:
        for request in REQUESTS:
            client.sendall(request + b"\r\nmn\r\n")
            answer = b""
            while not answer.endswith(b"MN\r\n"):
                piece = client.recv(1 << 16)
                assert piece, f"closed after {request[:50]!r}"
                answer += piece
            found.append(answer)
    return found


def test_ours_and_memcached_answer_the_same() -> None:
    with memcached() as theirs, fastnet() as ours:
        for request, his, mine in zip(REQUESTS, answers(theirs), answers(ours), strict=True):
            assert mine == his, request[:80]
