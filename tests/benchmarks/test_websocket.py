"""The benchmark of WebSocket: a case gives a table, and its bars name contenders that there are."""

from benchmarks import report
from benchmarks.websocket import BARS, CONTENDERS, run_case


def test_a_case_gives_a_table() -> None:
    ours = ["fastnet prefork", "fastnet ASGI, async"]
    text = report.table(run_case("websocket-1024", 1, 0.1, ours))
    assert "python -m benchmarks.websocket websocket-1024" in text
    assert all(name in text for name in ours)
    assert all({bar.who, bar.against} <= set(CONTENDERS) for bar in BARS)
