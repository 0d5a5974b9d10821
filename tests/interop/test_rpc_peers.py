"""RPC with other people's clients and servers: standard library, Perl, aio-msgpack-rpc, jsonrpclib-pelix."""

import asyncio
import datetime
import subprocess
import threading
import xmlrpc.client
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from xmlrpc.server import SimpleXMLRPCServer

import aio_msgpack_rpc
import jsonrpclib
import pytest
from jsonrpclib.SimpleJSONRPCServer import SimpleJSONRPCServer

from fastnet.rpc import AsyncClient, Client, MethodNotFound, RPCError
from tests.servers.serving import PATIENCE_S, Server

APPS = Path(__file__).parents[1] / "apps"


@pytest.fixture(scope="module", params=["plain", "mixed"])
def http(request: pytest.FixtureRequest) -> Iterator[str]:
    with Server(f"rpc_apps:{request.param}.http", "--workers", "1", cwd=APPS) as server:
        yield server.urls[0]


def test_the_standard_librarys_client(http: str) -> None:
    with xmlrpc.client.ServerProxy(http + "/RPC2", allow_none=True, use_builtin_types=True) as proxy:
        assert proxy.add(1, 2) == 3
        value = [1, 2.5, True, None, "ä<&>", b"\x00\xff", {"a": [1]}, datetime.datetime(2030, 1, 2, 3, 4, 5)]
        assert proxy.echo(value) == value
        assert "add" in proxy.system.listMethods()
        assert proxy.system.methodSignature("add") == [["int", "int"], ["int", "int", "int"]]
        assert proxy.system.methodHelp("add") == "The sum."
        several = xmlrpc.client.MultiCall(proxy)
        several.add(1, 2)
        several.nope()
        found = iter(several())
        assert next(found) == 3
        with pytest.raises(xmlrpc.client.Fault, match="-32601"):
            next(found)
        with pytest.raises(xmlrpc.client.Fault, match="internal error"):
            proxy.fail()


PERL = """
use XMLRPC::Lite;
my $peer = XMLRPC::Lite->proxy("$ARGV[0]/RPC2");
print $peer->call("add", 1, 2)->result, "\n";
print join(",", @{$peer->call("echo", [1, 2, 3])->result}), "\n";
print $peer->call("echo", {name => "x"})->result->{name}, "\n";
my $answer = $peer->call("nope");
print $answer->faultcode, " ", $answer->faultstring, "\n";
print scalar(grep { $_ eq "add" } @{$peer->call("system.listMethods")->result}), "\n";
"""


def test_a_perl_client(http: str) -> None:
    done = subprocess.run(["perl", "-e", PERL, http], capture_output=True, text=True, timeout=PATIENCE_S)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["3", "1,2,3", "x", "-32601 there is no method 'nope'", "1"]


PERL_SERVER = """
package main; use XMLRPC::Transport::HTTP;
sub add { my (undef, $x, $y) = @_; $x + $y }
sub echo { $_[1] }
my $daemon = XMLRPC::Transport::HTTP::Daemon->new(LocalAddr => '127.0.0.1', LocalPort => 0) or die $!;
$daemon->dispatch_to('add', 'echo');
$| = 1; print $daemon->url, "\\n"; $daemon->handle;
"""


def test_a_perl_server() -> None:
    command = ["perl", "-e", PERL_SERVER]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        try:
            assert server.stdout is not None
            with Client(server.stdout.readline().strip(), "xml") as client:
                assert client.call("add", [1, 2]) == 3
                value = [1, 2.5, "<&>", {"a": [1]}, b"\x00\xff"]
                assert client.call("echo", [value]) == value
                with pytest.raises(RPCError):  # its codes are no integers
                    client.call("nope")
                assert client.call("add", [3, 4]) == 7
        finally:
            server.kill()


@contextmanager
def running(server: Any) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join(PATIENCE_S)


def test_the_standard_librarys_server() -> None:
    server = SimpleXMLRPCServer(("127.0.0.1", 0), logRequests=False, allow_none=True, use_builtin_types=True)
    server.register_function(lambda a, b: a + b, "add")
    server.register_function(lambda value: value, "echo")
    server.register_introspection_functions()
    url = f"http://127.0.0.1:{server.server_address[1]}/RPC2"
    with running(server), Client(url, "xml") as client:
        assert client.call("add", [1, 2]) == 3
        value = [1, 2.5, True, None, "ä<&>", b"\x00\xff", {"a": [1]}]
        assert client.call("echo", [value]) == value
        assert client.call("system.listMethods")[0] == "add"
        with pytest.raises(RPCError, match="not supported"):
            client.call("nope")
        assert client.call_many([("add", [i, 1]) for i in range(5)]) == [1, 2, 3, 4, 5]


def test_jsonrpclibs_client(http: str) -> None:
    proxy = jsonrpclib.ServerProxy(http)
    assert proxy.add(1, 2) == 3 and proxy.add(a=1, b=5) == 6
    proxy._notify.add(1)
    batch = jsonrpclib.MultiCall(proxy)
    batch.add(1)
    batch.add(2)
    assert list(batch()) == [2, 3]
    with pytest.raises(jsonrpclib.ProtocolError) as caught:
        proxy.nope()
    assert caught.value.args[0][0] == -32601


def test_jsonrpclibs_server() -> None:
    server = SimpleJSONRPCServer(("127.0.0.1", 0), logRequests=False)
    server.register_function(lambda a, b: a + b, "add")
    with running(server), Client(f"http://127.0.0.1:{server.server_address[1]}", "json") as client:
        assert client.call("add", [1, 2]) == 3 and client.call("add", {"a": 1, "b": 5}) == 6
        client.notify("add", [1, 2])
        with pytest.raises(MethodNotFound):
            client.call("nope")
        assert client.call_many([("add", [i, 1]) for i in range(3)]) == [1, 2, 3]


def test_aio_msgpack_rpcs_client() -> None:
    async def main(port: int) -> None:
        client = aio_msgpack_rpc.Client(*await asyncio.open_connection("127.0.0.1", port))
        assert await client.call("add", 1, 2) == 3
        assert await asyncio.gather(*(client.call("add", i) for i in range(20))) == list(range(1, 21))
        await client.notify("add", 1)
        with pytest.raises(Exception, match="-32601"):
            await client.call("nope")
        client.close()

    for service in ("plain", "mixed"):
        with Server(f"rpc_apps:{service}.msgpack", cwd=APPS, bind="tcp://127.0.0.1:0") as server:
            asyncio.run(main(server.port))


class Handler:
    """What aio-msgpack-rpc serves."""

    async def add(self, a: int, b: int) -> int:
        await asyncio.sleep(0.001 * (a % 3))
        return a + b


def test_aio_msgpack_rpcs_server() -> None:
    def block(url: str) -> None:
        with Client(url) as client:
            assert client.call("add", [1, 2]) == 3
            assert client.call_many([("add", [i, 1]) for i in range(20)]) == list(range(1, 21))
            client.notify("add", [1, 2])
            with pytest.raises(RPCError):
                client.call("nope")

    async def main() -> None:
        server = await asyncio.start_server(aio_msgpack_rpc.Server(Handler()), "127.0.0.1", 0)
        url = f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with AsyncClient(url) as client:
            assert await asyncio.gather(*(client.call("add", [i, 1]) for i in range(20))) == list(range(1, 21))
        await asyncio.to_thread(block, url)
        server.close()

    asyncio.run(main())
