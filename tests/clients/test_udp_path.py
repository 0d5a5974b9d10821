"""Requests over a path whose packets are smaller than at its ends, in network namespaces: see udp_path.sh."""

import os
import subprocess
import sys
from pathlib import Path

from tests.servers.serving import PATIENCE_S

HERE = Path(__file__).parent


def test_what_a_path_carries_is_found_out() -> None:
    unshare = ["unshare", "-n"] if os.getuid() == 0 else ["unshare", "-Urn"]
    environment = os.environ | {"PYTHON": sys.executable, "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"}
    done = subprocess.run(
        [*unshare, "bash", str(HERE / "udp_path.sh")],
        capture_output=True,
        text=True,
        env=environment,
        timeout=2 * PATIENCE_S,
        cwd=HERE.parents[1],
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines() == [
        "at first, as the interface has it: 1458",
        "one byte more than the interface has: Message too long: a packet of this way has room for 1458 bytes",
        "as much as the interface has: Message too long: a packet of this way has room for 1258 bytes",
        "as much as the path has: 1258",
        "one byte more than the path has: Message too long: a packet of this way has room for 1258 bytes",
        "in fragments: 5000",
        "asyncio, as much as the path has: 1258",
        "asyncio, one byte more than the path has: Message too long: a packet of this way has room for 1258 bytes",
    ]
