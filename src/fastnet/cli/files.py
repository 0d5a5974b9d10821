"""Files that results go to: looked at before a run rather than after it."""

from __future__ import annotations

from pathlib import Path

from fastnet.errors import ConfigError, FastnetError


def check_writable(option: str, path: str | None) -> None:
    """ConfigError unless the file that `option` names can be written; it is not changed, and not left behind."""
    if path is None:
        return
    there = Path(path).exists()
    try:
        with open(path, "a"):
            pass
    except OSError as error:
        raise ConfigError(option, path, f"a file that can be written ({error.strerror})") from None
    if not there:
        Path(path).unlink()


def write(path: str, text: str, mode: str) -> None:
    """FastnetError when that fails."""
    try:
        with open(path, mode, encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise FastnetError(f"cannot write {path}: {error.strerror}") from None
