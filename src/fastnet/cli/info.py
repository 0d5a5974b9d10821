"""The facts that `fastnet info` shows, and that a bug report should hold."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import platform
import sys
import sysconfig

from fastnet._version import __version__
from fastnet.codecs.http1 import cpu


def facts() -> list[tuple[str, str]]:
    """(name, value) of each, in the order to show them."""
    gil = getattr(sys, "_is_gil_enabled", lambda: True)()
    threaded = "free-threaded" if sysconfig.get_config_var("Py_GIL_DISABLED") else "with GIL"
    if threaded == "free-threaded" and gil:
        threaded += ", but an extension module turned the GIL on"
    return [
        ("fastnet", __version__),
        ("python", f"{platform.python_implementation()} {platform.python_version()}, {threaded}"),
        ("platform", f"{platform.system()} {platform.release()} {platform.machine()}"),
        ("cpu", f"{cpu()['used']} kernels (this machine has {', '.join(cpu()['available'])})"),
        ("loop", _loop()),
    ]


def _loop() -> str:
    if importlib.util.find_spec("uvloop") is None:
        return "asyncio (uvloop is not installed)"
    return f"uvloop {importlib.metadata.version('uvloop')}"
