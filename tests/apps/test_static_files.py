"""Which file a path names, and which it can never name."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastnet.apps.static_files import StaticFiles
from fastnet.codecs.http1 import parse_request
from fastnet.errors import ConfigError


def head(target, *fields, method="GET"):
    lines = [f"{method} {target} HTTP/1.1", "Host: t", *fields, "", ""]
    return parse_request("\r\n".join(lines).encode())


@pytest.fixture
def root(tmp_path):
    root = tmp_path / "root"
    (root / "deep" / "er").mkdir(parents=True)
    (root / ".git").mkdir()
    (root / ".well-known").mkdir()
    for name in ("a.txt", "a b.txt", "é.txt", "index.html", "deep/index.html", "deep/er/x", ".env", ".git/config",
                 ".well-known/acme"):  # fmt: skip
        (root / name).write_text(name)
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_text("secret")
    (root / "link").symlink_to("../secret")
    (root / "inner").symlink_to("a.txt")
    (root / "out").symlink_to("../outside")
    os.mkfifo(root / "fifo")
    return root


@pytest.fixture
def files(root):
    found = StaticFiles([f"/s={root}", f"/s/deep/er={root}/deep"])
    yield found
    found.close()


def read(answer):
    try:
        return os.pread(answer.fd, 1000, 0).decode()
    finally:
        os.close(answer.fd)


@pytest.mark.parametrize(
    ("target", "content"),
    [
        ("/s/a.txt", "a.txt"),
        ("/s/a.txt?v=1", "a.txt"),
        ("/s/%61.txt", "a.txt"),
        ("/s/a%20b.txt", "a b.txt"),
        ("/s/%C3%A9.txt", "é.txt"),
        ("/s/", "index.html"),
        ("/s/deep/", "deep/index.html"),
        ("/s/deep/er/", "deep/index.html"),  # the longer path is the one that counts
        ("/s/deep/er/er/x", "deep/er/x"),
        ("/s/.well-known/acme", ".well-known/acme"),
    ],
)
def test_found(files, target, content):
    answer = files.answer(head(target))
    assert answer.status == 200
    assert answer.length == len(content.encode())
    assert read(answer) == content


@pytest.mark.parametrize(
    "target",
    [
        *("/", "/s", "/t/a.txt", "/s/b.txt", "/s/a.txt/", "/s/deep/er/index", "/sa.txt"),
        *("/s/../secret", "/s/%2e%2e/secret", "/s/..%2fsecret", "/s/deep/../a.txt", "/s/./a.txt", "/s//a.txt"),
        *("/s/%2Fetc/passwd", "//etc/passwd", "/s/a.txt%00.html", "/s/..%5csecret", "/s/deep%2f..%2f..%2fsecret"),
        *("/s/.env", "/s/.git/config", "/s/.well-known/.x"),
        *("/s/link", "/s/inner", "/s/out/secret", "/s/fifo", "http://t/s/a.txt"),
    ],
)
def test_not_found(files, target):
    assert files.answer(head(target)) is None


@given(st.lists(st.sampled_from([b"..", b".", b"", b"secret", b"out", b"root", b"%2e%2e", b"a.txt", b"%2f", b"\\"])))
def test_nothing_outside_is_reached(tmp_path_factory, parts):
    root = tmp_path_factory.getbasetemp() / "escape" / "root"
    if not root.exists():
        root.mkdir(parents=True)
        (root / "a.txt").write_text("a.txt")
        (root.parent / "secret").write_text("secret")
        (root / "out").symlink_to("..")
    found = StaticFiles([f"/={root}"])
    try:
        answer = found.answer(head("/" + b"/".join(parts).decode()))
        assert answer is None or read(answer) == "a.txt"
    finally:
        found.close()


def test_a_directory_is_where_its_slash_is(files):
    answer = files.answer(head("/s/deep?x=1"))
    assert (answer.status, answer.fields, answer.parts) == (301, [("Location", "/s/deep/?x=1")], [])
    assert files.answer(head("/s/deep/er/er")) is None  # has no index


def test_types_are_the_same_everywhere(root, files):
    kinds = {"x.js": "text/javascript; charset=utf-8", "x.wasm": "application/wasm", "x.css": "text/css; charset=utf-8",
             "x.png": "image/png", "x.unheard": "application/octet-stream", "x.woff2": "font/woff2"}  # fmt: skip
    for name, kind in kinds.items():
        (root / name).touch()
        answer = files.answer(head(f"/s/{name}"))
        os.close(answer.fd)
        assert dict(answer.fields)["Content-Type"] == kind
        assert dict(answer.fields)["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("accept", "coding"),
    [("gzip", "gzip"), ("gzip, br", "br"), ("gzip, br;q=0.5", "gzip"), ("zstd", None), ("br;q=0", None), ("*", "br")],
)
def test_a_compressed_variant_that_stands_beside_the_file(root, files, accept, coding):
    (root / "a.txt.gz").write_bytes(b"gz")
    (root / "a.txt.br").write_bytes(b"br!")
    answer = files.answer(head("/s/a.txt", f"Accept-Encoding: {accept}"))
    fields = dict(answer.fields)
    assert fields.get("Content-Encoding") == coding
    assert fields.get("Vary") == ("Accept-Encoding" if coding else None)
    assert fields["Content-Type"] == "text/plain; charset=utf-8"
    assert read(answer) == {"gzip": "gz", "br": "br!", None: "a.txt"}[coding]


def test_a_variant_has_an_entity_tag_of_its_own(root, files):
    (root / "a.txt.gz").write_bytes(b"12345")  # as long as the file
    os.utime(root / "a.txt.gz", ns=(1, os.stat(root / "a.txt").st_mtime_ns))
    tags = set()
    for fields in ([], ["Accept-Encoding: gzip"]):
        answer = files.answer(head("/s/a.txt", *fields))
        os.close(answer.fd)
        tags.add(dict(answer.fields)["ETag"])
    assert len(tags) == 2


def test_descriptors_are_closed(files):
    def opened():
        return len(list(Path("/proc/self/fd").iterdir()))

    before = opened()
    for target, *fields in (
        ["/s/deep/er/er/y"], ["/s/deep/"], ["/s/deep"], ["/s/fifo"], ["/s/out/secret"], ["/s/deep/er/er/"],
        ["/s/a.txt", "If-None-Match: *"], ["/s/a.txt", "Range: bytes=9-"], ["/s/a.txt", "If-Match: x"],
    ):  # fmt: skip
        answer = files.answer(head(target, *fields))
        if answer is not None and answer.fd >= 0:
            os.close(answer.fd)
        assert opened() == before, target


@pytest.mark.parametrize("text", ["", "/s", "s=.", "/s?=.", "/s=/nowhere/at/all", "/s//t=.", "/s=setup.py"])
def test_a_bad_mount_is_refused(text):
    with pytest.raises(ConfigError, match=r"^static"):
        StaticFiles([text])
