"""Makes the pictures of docs/reports.md, with headless Chromium:

    python docs/screenshots/make.py COMPARISON.json      written by fastnet compare --json
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1]))

from fastnet.bench.comparison import Comparison  # noqa: E402
from fastnet.bench.report import report  # noqa: E402
from tests.bench.browser import Browser  # noqa: E402

# Name, width and height of the window, dark.
PICTURES = (
    ("compare-light", 1100, 1560, False),
    ("compare-dark", 1100, 1560, True),
    ("compare-phone", 360, 780, False),
)


def main(source: str) -> None:
    found = Comparison.from_json(Path(source).read_bytes())
    with tempfile.TemporaryDirectory() as folder, Browser() as browser:
        file = Path(folder, "report.html")
        file.write_text(report(found), encoding="utf-8")
        for name, width, height, dark in PICTURES:
            browser.open(file, width, height, dark).screenshot(HERE / f"{name}.png", whole=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
