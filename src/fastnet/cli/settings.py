"""Where the options of a server come from beside the command line: a file, fastnet.toml, and the environment.

In a file each option has its own name, with _ or - between its words, at the top level, and `target` may stand there,
too; in the environment it is FASTNET_ and the name in capitals, with commas between many values. The command line comes
first, then the environment, then the file.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastnet.errors import ConfigError
from fastnet.servers.config import Option, options

FILE = "fastnet.toml"
_WORDS = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}


class WrongSetting(Exception):
    """A line that says where something is wrong, what, and what would be right."""


@dataclass(frozen=True)
class Setting:
    """A value, and where it stands: "fastnet.toml, line 3: workers", or "FASTNET_WORKERS"."""

    value: Any
    place: str


def from_file(path: Path) -> dict[str, Setting]:
    """What a file says, by the name of the option. Raises WrongSetting."""
    import tomllib  # not above: what is imported there, every worker has in memory

    try:
        text = path.read_text("utf-8")
        table = tomllib.loads(text)
    except OSError as error:
        raise WrongSetting(f"{path}: cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise WrongSetting(f"{path}: no TOML: {error}") from None
    known = dict(options())
    found: dict[str, Setting] = {}
    for key, value in table.items():
        place = f"{path}, line {_line(text, key)}: {key}"
        name = key.replace("-", "_")
        if name not in known and name != "target":
            import difflib

            close = difflib.get_close_matches(name, [*known, "target"], 1)
            hint = f"; did you mean {close[0]}?" if close else "; see fastnet serve --help"
            raise WrongSetting(f"{place}: there is no such option{hint}")
        if name in found:
            raise WrongSetting(f"{place}: given twice")
        found[name] = Setting(tuple(value) if isinstance(value, list) else value, place)
    return found


def _line(text: str, key: str) -> int:
    pattern = re.compile(rf"""\s*\[*\s*["']?{re.escape(key)}["']?\s*[=.\]]""")
    return next((number for number, line in enumerate(text.splitlines(), 1) if pattern.match(line)), 1)


def from_environment(environment: Mapping[str, str]) -> dict[str, Setting]:
    """What variables say; those that name no option are somebody else's. Raises WrongSetting."""
    found: dict[str, Setting] = {}
    for name, option in (*options(), ("target", Option(str, ""))):
        variable = f"FASTNET_{name.upper()}"
        text = environment.get(variable)
        if text:
            try:
                found[name] = Setting(_parse(name, option, text), variable)
            except ConfigError as error:
                raise WrongSetting(f"{variable}: {text!r} given, expected {error.expected}") from None
    return found


def _parse(name: str, option: Option, text: str) -> Any:
    if option.kind is bool:
        if text.lower() not in _WORDS:
            raise ConfigError(name, text, "1 or 0, true or false")
        return _WORDS[text.lower()]
    if option.many:
        return tuple(item.strip() for item in text.split(","))
    return option.parse(name, text)


def settings(path: str | None, environment: Mapping[str, str] = os.environ) -> dict[str, Setting]:
    """Everything beside the command line. `path` None: FILE, if there is one here. Raises WrongSetting."""
    found: dict[str, Setting] = {}
    if path is not None or Path(FILE).is_file():
        found = from_file(Path(FILE if path is None else path))
    return found | from_environment(environment)
