"""WSGI over the wire, against real servers: the rules of PEP 3333, and what happens to apps that break them."""

import ast
import gzip
import resource
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.servers.serving import PATIENCE_S, Server, until

MODELS = ("prefork", "threaded")
BIG = 24 << 20


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    shutil.copy(Path(__file__).with_name("wsgi_site.py"), folder)
    (folder / "big").write_bytes(bytes(range(256)) * (BIG >> 8))
    (folder / "small.gz").write_bytes(gzip.compress(b"unpacked " * 100))
    return folder


@pytest.fixture(scope="module", params=MODELS)
def server(request: pytest.FixtureRequest, site: Path) -> Iterator[Server]:
    with Server("wsgi_site:app", "--model", request.param, "--workers", "1", cwd=site) as running:
        yield running


def read(client: socket.socket, size: int) -> bytes:
    """So many bytes, or what comes before the end."""
    got = bytearray()
    while len(got) < size and (data := client.recv(min(size - len(got), 1 << 20))):
        got += data
    return bytes(got)


def read_line(client: socket.socket) -> bytes:
    line = b""
    while not line.endswith(b"\n") and (data := client.recv(1)):  # not a byte of what follows
        line += data
    return line


class Answer:
    """One answer, parsed by hand. `whole`: its framing says that nothing is missing."""

    def __init__(self, client: socket.socket, head_only: bool = False) -> None:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            line = read_line(client)
            assert line, f"no answer but {head!r}"
            head += line
        status, *lines = head.decode("latin-1").split("\r\n")[:-2]
        self.status = int(status.split()[1])
        self.phrase = status.split(" ", 2)[2]
        self.headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        self.body, self.whole = b"", True
        if head_only or self.status in (204, 304):
            return
        if self.headers.get("transfer-encoding") == "chunked":
            self._read_chunks(client)
        elif "content-length" in self.headers:
            self.body = read(client, int(self.headers["content-length"]))
            self.whole = len(self.body) == int(self.headers["content-length"])
        else:
            self.body = read(client, 1 << 40)

    def _read_chunks(self, client: socket.socket) -> None:
        while line := read_line(client):
            size = int(line, 16)
            self.body += read(client, size)
            if read(client, 2) != b"\r\n":
                break
            if size == 0:
                return
        self.whole = False


def ask(server: Server, target: str, extra: str = "", body: bytes = b"", method: str = "GET") -> Answer:
    with server.connect() as client:
        length = f"Content-Length: {len(body)}\r\n" if body else ""
        client.sendall(f"{method} {target} HTTP/1.1\r\nHost: test\r\n{length}{extra}\r\n".encode("latin-1") + body)
        return Answer(client, method == "HEAD")


def environ(answer: Answer) -> dict[str, object]:
    pairs = (line.split("=", 1) for line in answer.body.decode().split("\n"))
    return {key: value if value.startswith("<") else ast.literal_eval(value) for key, value in pairs}


def notes(server: Server, what: str) -> int:
    return server.log.count(f"NOTE {what}")


# The environ


def test_every_key(server: Server) -> None:
    with server.connect() as client:
        port = client.getsockname()[1]
        client.sendall(b"GET /a%20b%C3%A9/%2F?q=%20&r HTTP/1.1\r\nHost: test:1\r\nAccept: x\r\nAccept: y\r\n"
                       b"Cookie: a=1\r\nCookie: b=2\r\nX_Real: evil\r\nX-Latin: caf\xe9\r\n"
                       b"Content-Type: t\r\n\r\n")  # fmt: skip
        seen = environ(Answer(client))
    threaded = seen.pop("wsgi.multithread")
    assert threaded is (" (threaded," in server.log)
    for name in ("wsgi.input", "wsgi.errors", "wsgi.file_wrapper"):
        assert seen.pop(name)
    assert seen.pop("SERVER_SOFTWARE").startswith("fastnet")
    assert seen == {
        "REQUEST_METHOD": "GET", "SCRIPT_NAME": "", "PATH_INFO": "/a b\xc3\xa9//", "QUERY_STRING": "q=%20&r",
        "REQUEST_URI": "/a%20b%C3%A9/%2F?q=%20&r", "REQUEST_SCHEME": "http", "GATEWAY_INTERFACE": "CGI/1.1",
        "SERVER_NAME": "127.0.0.1", "SERVER_PORT": str(server.port), "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1", "REMOTE_PORT": str(port), "CONTENT_TYPE": "t",
        "HTTP_HOST": "test:1", "HTTP_ACCEPT": "x,y", "HTTP_COOKIE": "a=1; b=2", "HTTP_X_LATIN": "caf\xe9",
        "wsgi.version": (1, 0), "wsgi.url_scheme": "http", "wsgi.multiprocess": False, "wsgi.run_once": False,
        "wsgi.input_terminated": True,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("method", "target", "path", "query"),
    [
        ("GET", "/", "/", ""),
        ("GET", "/?", "/", ""),
        ("GET", "/?a?b", "/", "a?b"),
        ("GET", "http://test/x%41?q", "/xA", "q"),
        ("OPTIONS", "*", "", ""),
    ],
)
def test_targets(server: Server, method: str, target: str, path: str, query: str) -> None:
    seen = environ(ask(server, target, method=method))
    assert (seen["PATH_INFO"], seen["QUERY_STRING"], seen["REQUEST_URI"]) == (path, query, target)
    assert seen["REQUEST_METHOD"] == method


def test_http_1_0_and_a_unix_socket(site: Path) -> None:
    with Server("wsgi_site:app", "--workers", "2", bind=f"unix:{site}/socket", cwd=site):
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(PATIENCE_S)
            client.connect(f"{site}/socket")
            client.sendall(b"GET /x HTTP/1.0\r\n\r\n")
            answer = Answer(client)
    seen = environ(answer)
    assert seen["SERVER_PROTOCOL"] == "HTTP/1.0" and "HTTP_HOST" not in seen and seen["wsgi.multiprocess"] is True
    assert (seen["SERVER_NAME"], seen["SERVER_PORT"], seen["REMOTE_ADDR"]) == ("localhost", "80", "")
    assert answer.headers["connection"] == "close"


def test_root_path(site: Path) -> None:
    with Server("wsgi_site:app", "--workers", "1", "--root-path", "/mount", cwd=site) as server:
        for target, path in (("/mount/x", "/x"), ("/mount", ""), ("/mounted", "/mounted"), ("/x", "/x")):
            seen = environ(ask(server, target))
            assert (seen["SCRIPT_NAME"], seen["PATH_INFO"]) == ("/mount", path)


# Request bodies


@pytest.mark.parametrize("path", ["/valid", "/valid-stream"])
def test_the_validator_of_the_standard_library_is_content(server: Server, path: str) -> None:
    assert ask(server, path).body == b"valid "
    assert ask(server, path, "Content-Type: text/plain\r\n", b"body", "POST").body == b"valid body"
    assert ask(server, path, method="HEAD").status == 200


@pytest.mark.parametrize("size", [1, 524288, 524289, 3 << 20])
def test_bodies_in_memory_and_in_a_file(server: Server, size: int) -> None:
    body = bytes(i * 7 & 255 for i in range(256)) * (size // 256 + 1)
    answer = ask(server, "/echo", body=body[:size], method="POST")
    assert answer.body == body[:size] and answer.headers["x-length"] == str(size)


def test_a_chunked_body_has_an_end_and_a_length(server: Server) -> None:
    with server.connect() as client:
        client.sendall(b"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        client.sendall(b"2;x=y\r\nde\r\n0\r\nTrailer: z\r\n\r\nPOST /echo?line HTTP/1.1\r\nHost: x\r\n"
                       b"Content-Length: 4\r\n\r\na\nb\n")  # fmt: skip
        first = Answer(client)
        assert first.body == b"abcde" and first.headers["x-length"] == "5"
        second = Answer(client)
        assert second.body == b"a\n"


def test_expect_100_continue(server: Server) -> None:
    with server.connect() as client:
        client.sendall(b"POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n")
        assert client.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(b"body")
        assert Answer(client).body == b"body"


def test_a_large_upload_that_is_refused_can_read_the_answer(site: Path) -> None:
    with Server("wsgi_site:app", "--workers", "1", "--max-body", "1000", cwd=site) as server:
        answer = ask(server, "/echo", body=b"x" * 700_000, method="POST")
        assert answer.status == 413 and answer.headers["connection"] == "close"
        assert ask(server, "/echo", body=b"x" * 1000, method="POST").status == 200


def test_no_room_for_a_body_is_507(site: Path) -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))

    with Server("wsgi_site:app", "--workers", "1", "--spool-dir", ".", preexec=limit, cwd=site) as server:
        assert ask(server, "/echo", body=b"x" * (1 << 20), method="POST").status == 200
        # Found out while the body comes, and only when the file's buffer is written out. Not so much more that the
        # server hangs up on the client before it has sent all (LINGER_BYTES).
        for size in ((3 << 19), (1 << 20) + 100):
            assert ask(server, "/echo", body=b"x" * size, method="POST").status == 507
        server.wait_for_log("POST /echo: its body could not be stored in .: File too large")
        assert ask(server, "/echo", body=b"fine", method="POST").body == b"fine"


# Answers


def test_blocks_are_sent_as_they_come(server: Server, site: Path) -> None:
    with server.connect() as client:
        client.sendall(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
        got = b""
        for i in range(3):
            while b"block %d\n" % i not in got:
                got += client.recv(65536)
            (site / f"go{i}").touch()
        while not got.endswith(b"0\r\n\r\n"):
            got += client.recv(65536)
    for i in range(3):
        (site / f"go{i}").unlink()


def test_write(server: Server) -> None:
    answer = ask(server, "/write")
    assert answer.body == b"written and returned" and answer.whole


def memory(server: Server) -> int:
    return sum(psutil.Process(pid).memory_info().rss for pid in server.workers())


@pytest.mark.parametrize("target", ["/write_much", "/stream?640"])
def test_a_slow_reader_takes_no_memory(server: Server, target: str) -> None:
    ask(server, "/")
    before = memory(server)
    with server.connect() as client:
        client.sendall(f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert client.recv(10)
        size, worst = 0, 0
        while size < 40 << 20:
            size += len(client.recv(1 << 20))
            worst = max(worst, memory(server))
    assert worst - before < 16 << 20


def test_head_204_and_304_have_no_body_and_the_connection_goes_on(server: Server) -> None:
    with server.connect() as client:
        for method, target, status in (
            ("HEAD", "/write", 200),
            ("GET", "/status?204", 204),
            ("GET", "/status?304", 304),
            ("HEAD", "/head", 200),
            ("HEAD", "/head?empty", 200),
        ):
            client.sendall(f"{method} {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            answer = Answer(client, head_only=True)
            assert answer.status == status and "transfer-encoding" not in answer.headers
            assert "content-length" not in answer.headers  # which the app has not told
        client.sendall(b"HEAD /echo HTTP/1.1\r\nHost: x\r\n\r\nGET /status?200 HTTP/1.1\r\nHost: x\r\n\r\n")
        assert Answer(client, head_only=True).status == 200
        answer = Answer(client)
        assert answer.body == b"sent" and answer.phrase == "Chosen"


def test_heads_made_of_constants_suit_their_requests(server: Server) -> None:
    """Such a head is used again; what the request before was must not show in it."""
    plain, old = "HTTP/1.1\r\nHost: x", "HTTP/1.0\r\nConnection: keep-alive"
    close = f"{plain}\r\nConnection: close"
    for pipelined in (True, False):
        with server.connect() as client:
            requests = [f"{method} /constant {rest}\r\n\r\n".encode()
                        for method, rest in [("GET", plain)] * 3 + [("HEAD", plain), ("GET", old), ("GET", plain)] * 2
                        + [("GET", close)]]  # fmt: skip
            if pipelined:
                client.sendall(b"".join(requests))
            for request in requests:
                if not pipelined:
                    client.sendall(request)
                head = request.startswith(b"HEAD")
                answer = Answer(client, head_only=head)
                assert (answer.status, answer.body) == (200, b"" if head else b"abc")
                options = {"keep-alive"} if b"1.0" in request else {"close"} if b"close" in request else set()
                assert {answer.headers.pop("connection", None)} - {None} == options
                assert answer.headers.pop("date")
                assert answer.headers == {"content-type": "text/plain", "content-length": "3", "server": "fastnet"}
            assert client.recv(1) == b""
    with server.connect() as client:
        client.sendall(b"GET /constant HTTP/1.1\r\nHost: x\r\n\r\nGET /constant-short HTTP/1.1\r\nHost: x\r\n\r\n")
        assert Answer(client).body == b"abc"
        assert Answer(client).status == 500  # its body does not fit


def test_iterables_are_closed_in_the_context_of_their_request(server: Server) -> None:
    before = notes(server, "closed, seeing its own")
    assert ask(server, "/stream?3").whole
    until(lambda: notes(server, "closed, seeing its own") == before + 1, "close()")
    with server.connect() as client:
        client.sendall(b"GET /stream?100000 HTTP/1.1\r\nHost: x\r\n\r\n")
        client.recv(1000)
    until(lambda: notes(server, "closed, seeing its own") == before + 2, "close() after the client went away")


def test_each_request_has_a_context_of_its_own(server: Server) -> None:
    with server.connect() as client:
        for _ in range(3):
            client.sendall(b"GET /context HTTP/1.1\r\nHost: x\r\n\r\n")
            assert Answer(client).body == b"nothing"


# Files


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", lambda big: big),
        (f"at={BIG - 300}", lambda big: big[-300:]),
        ("at=7&length=100000", lambda big: big[7:100007]),
        ("at=7&length=0", lambda big: b""),
        (f"at={BIG}", lambda big: b""),
        ("memory=1", lambda big: b"in memory"),
        ("memory=1&at=3&length=6", lambda big: b"memory"),
        ("temporary=1", lambda big: b"temporary"),
        ("gzip=1", lambda big: b"unpacked " * 100),
    ],
)
def test_files(server: Server, site: Path, query: str, expected: Callable[[bytes], bytes]) -> None:
    before = notes(server, "file closed")
    answer = ask(server, f"/file?{query}")
    assert answer.whole and answer.body == expected((site / "big").read_bytes())
    until(lambda: notes(server, "file closed") == before + 1, "close() of the file")


@pytest.mark.parametrize(("method", "query", "status"), [("HEAD", "", 200), ("GET", "status=304+Not", 304)])
def test_files_that_are_not_sent_are_closed(server: Server, method: str, query: str, status: int) -> None:
    before = notes(server, "file closed")
    with server.connect() as client:
        client.sendall(f"{method} /file?{query} HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert Answer(client, head_only=True).status == status
        assert Answer(client).status == 200
    until(lambda: notes(server, "file closed") == before + 1, "close() of the file")


def test_a_file_that_shrinks_breaks_the_connection_and_is_closed(server: Server, site: Path) -> None:
    whole = (site / "big").read_bytes()
    before = notes(server, "file closed")
    try:
        with server.connect() as client:
            client.sendall(b"GET /file HTTP/1.1\r\nHost: x\r\n\r\n")
            client.recv(1000)
            with open(site / "big", "r+b") as file:
                file.truncate(1000)
            got = b"x" * 1000 + b"".join(iter(lambda: client.recv(1 << 20), b""))
        assert len(got) < len(whole)
        until(lambda: notes(server, "file closed") == before + 1, "close() of the file")
        server.wait_for_log("a file became shorter")
    finally:
        (site / "big").write_bytes(whole)


# Apps that break the rules

BEFORE_THE_HEAD = [
    "at_call",
    "at_exit",
    "at_interrupt",
    "at_first",
    "no_start",
    "str_body",
    "str_in_list",
    "none",
    "twice",
    "too_long",
    "too_short",
    "split",
    "split_name",
    "split_status",
    "bad_status",
    "bytes_status",
    "bytes_header",
    "euro",
    "cleared",
]
AFTER_THE_HEAD = ["at_second", "at_write", "str_later", "too_long_streamed", "too_short_streamed", "late_excuse"]


@pytest.mark.parametrize("name", BEFORE_THE_HEAD)
def test_a_failure_before_the_head_is_a_500_with_the_reason_in_the_log(server: Server, name: str) -> None:
    seen = len(server.lines)
    answer = ask(server, f"/{name}")
    assert answer.status == 500 and answer.whole and b"Traceback" not in answer.body
    assert "x-evil" not in answer.headers
    until(lambda: "Traceback" in "".join(server.lines[seen:]), "the traceback")
    assert ask(server, "/echo", body=b"on", method="POST").body == b"on"


@pytest.mark.parametrize("name", AFTER_THE_HEAD)
def test_a_failure_after_the_head_drops_the_connection(server: Server, name: str) -> None:
    seen = len(server.lines)
    with server.connect() as client:
        client.sendall(f"GET /{name} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        try:
            got = b"".join(iter(lambda: client.recv(65536), b""))
        except ConnectionResetError:
            got = b""
    assert not got.endswith(b"0\r\n\r\n") and b"sorry" not in got and b" 500 " not in got
    until(lambda: "Traceback" in "".join(server.lines[seen:]), "the traceback")


def test_exc_info_before_the_head_replaces_it(server: Server) -> None:
    answer = ask(server, "/excuse")
    assert (answer.status, answer.body) == (503, b"sorry") and "x-first" not in answer.headers


def test_a_close_that_fails_is_logged_and_spoils_nothing(server: Server) -> None:
    assert ask(server, "/bad_close").body == b"fine"
    server.wait_for_log("close.. of the answer to GET /bad_close failed")


# Two gigabytes


@pytest.mark.timeout(600)  # the disk may be slow
def test_two_gigabytes_in_bounded_memory(site: Path, tmp_path: Path) -> None:
    size = 2 << 30
    with open(tmp_path / "sparse", "wb") as file:
        file.truncate(size)
    with Server("wsgi_site:app", "--workers", "1", "--spool-dir", str(tmp_path), cwd=site) as server:
        ask(server, "/")
        before = memory(server)
        upload = subprocess.Popen(["curl", "-sS", "-T", str(tmp_path / "sparse"), f"{server.urls[0]}/count"],
                                  stdout=subprocess.PIPE)  # fmt: skip
        worst = 0
        while upload.poll() is None:
            worst = max(worst, memory(server))
        assert upload.stdout and upload.stdout.read() == b"%d" % size
        with server.connect() as client:
            client.sendall(b"GET /stream?%d HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" % (size >> 16))
            got, room = 0, bytearray(1 << 20)
            while n := client.recv_into(room):
                got += n
        worst = max(worst, memory(server))
        assert got > size and worst - before < 48 << 20
        server.wait_for_log("NOTE closed")
