"""Files that results go to: refused before the run, and untouched by being looked at."""

from pathlib import Path

import pytest

from fastnet.cli.files import check_writable, write
from fastnet.errors import ConfigError, FastnetError


def test_looking_changes_nothing(tmp_path: Path) -> None:
    kept, fresh = tmp_path / "kept", tmp_path / "fresh"
    kept.write_text("old")
    for path in (kept, fresh):
        check_writable("json", str(path))
    check_writable("json", None)
    assert kept.read_text() == "old" and not fresh.exists()


@pytest.mark.parametrize("name", ["", "no/such", "."])
def test_what_cannot_be_written_is_refused(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match="a file that can be written"):
        check_writable("csv", name)
    with pytest.raises(FastnetError, match="cannot write"):
        write(name, "text", "w")


def test_writing_replaces_or_appends(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for mode, text in (("w", "é"), ("a", "b"), ("w", "c")):
        write(str(path), text, mode)
        assert path.read_text(encoding="utf-8") == {"é": "é", "b": "éb", "c": "c"}[text]
