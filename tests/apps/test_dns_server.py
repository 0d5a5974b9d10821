"""Zone files that change while they are served; what is no set of zone files."""

import pytest

from fastnet.apps.dns_responder import Cookies, RateLimit
from fastnet.apps.dns_server import ZoneFiles, dns_service
from fastnet.codecs.dns import Message
from fastnet.codecs.dns_data import A
from fastnet.codecs.framing_length import LengthPrefixed
from fastnet.errors import ConfigError
from tests.servers.serving import until

TEXT = "$ORIGIN x.test.\n$TTL 60\n@ SOA ns admin 1 2 3 4 5\n@ NS ns\nwww A 192.0.2.1\n"


def files(*named) -> ZoneFiles:
    return ZoneFiles(named, Cookies(), RateLimit(0))


def ask(server: ZoneFiles) -> list[A]:
    wire = server.answer(Message.query("www.x.test.", 1).encode(), "192.0.2.1", 0.0, udp=True)
    return [record.data for record in Message.parse(wire).answers]


def test_a_file_that_changes_is_read_again(tmp_path, caplog):
    path = tmp_path / "zone"
    path.write_text(TEXT)
    server = files((str(path), None))
    first = server.zones
    server.look()
    assert ask(server) == [A("192.0.2.1")] and server.zones is first
    path.write_text(TEXT.replace("192.0.2.1", "192.0.2.222"))
    server.look()
    until(lambda: ask(server) == [A("192.0.2.222")], "the new zone")
    path.write_text("nonsense")

    def complained() -> bool:
        server.look()  # nothing happens while the reading before it is not quite done
        return "stays as it was" in caplog.text

    until(complained, "the complaint")
    assert ask(server) == [A("192.0.2.222")]
    path.unlink()
    server.look()
    path.write_text(TEXT)

    def looked() -> bool:
        server.look()
        return ask(server) == [A("192.0.2.1")]

    until(looked, "the file that is back")


def test_files_that_cannot_be_served(tmp_path):
    path, other = tmp_path / "one", tmp_path / "two"
    path.write_text(TEXT)
    other.write_text(TEXT)
    with pytest.raises(ConfigError, match="one file for each zone"):
        files((str(path), None), (str(other), None))
    with pytest.raises(ConfigError, match="No such file"):
        files((str(tmp_path / "none"), None))


def test_the_service_speaks_both_ways(tmp_path):
    path = tmp_path / "zone"
    path.write_text(TEXT)
    service = dns_service(files((str(path), None)))
    assert service.protocol().framing == LengthPrefixed(2, max_frame_bytes=65535)
    assert service.datagram().next_timeout() == 0.0
