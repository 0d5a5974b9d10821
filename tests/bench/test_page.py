"""Pages: text is escaped wherever it goes; what a browser makes of them: test_report.py."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

from fastnet.bench import page
from fastnet.bench.page import Cell

NASTY = "<b> & \"'</script><!--"


class Checker(HTMLParser):
    """Elements that are closed in the order in which they were opened, and the text between them."""

    VOID = frozenset({"meta", "link", "input"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.texts: list[str] = []
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_every_part_escapes_what_it_is_given() -> None:
    parts = [
        page.header(NASTY, NASTY, NASTY, [NASTY]),
        page.heading(NASTY, NASTY),
        page.tiles([(NASTY, NASTY, NASTY)]),
        page.findings([(NASTY, NASTY, NASTY)]),
        page.choice("c", NASTY, [(NASTY, "<i></i>"), (NASTY, "<i></i>")], 0),
        page.table(NASTY, [NASTY], [[Cell(NASTY, 1.0, NASTY), Cell(NASTY)]], NASTY),
        page.facts([(NASTY, NASTY)]),
        page.folded(NASTY, [NASTY]),
    ]
    whole = page.page(NASTY, parts, json.dumps({"text": NASTY}), "a.json")
    checker = Checker()
    checker.feed(whole)
    assert checker.open == [] and "b" not in [tag for tag in checker.seen if tag == "b"][2:]
    assert checker.seen.count("script") == 2
    assert sum(NASTY in text for text in checker.texts) >= 15
    data = re.search('<script type="application/json" id="data">(.*?)</script>', whole)
    assert data and json.loads(data[1]) == {"text": NASTY}


def test_cells_without_a_value_are_sorted_last() -> None:
    text = page.table("", ["a"], [[Cell("x"), Cell("7 ms", 7e6), Cell("")]], "")
    assert '<td data-value="7000000.0">7 ms</td>' in text and '<td data-value=""></td>' in text


def test_one_panel_needs_no_choice() -> None:
    assert page.choice("c", "l", [("a", "<i></i>")], 0) == "<i></i>"
