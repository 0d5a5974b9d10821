from fastnet.bench.trace import Trace, Traced, Way
from fastnet.cli.trace_text import WIDTH, trace_lines


def test_bars_stand_where_the_steps_are() -> None:
    at = {"sent": 0, "accepted": 100_000, "app_called": 300_000, "done": 400_000, "received": 390_000}
    found = Trace("a:b", "GET /", "", (Traced("prefork", (), (Way(200, 0, at),)),))
    lines = list(trace_lines(found))
    assert (
        lines[1].strip()
        == "prefork answers first. Its longest step, 51% of the time, is the one until: application called."
    )
    bars = [line[12 : 12 + WIDTH] for line in lines[4:]]
    assert [bar.strip() for bar in bars] == ["#" * 10, "#" * 20, "#" * 10]
    assert [len(bar) - len(bar.lstrip()) for bar in bars] == [0, 10, 29]
    assert lines[4].split()[:2] == ["100", "us"] and lines[4].endswith("connection accepted")
