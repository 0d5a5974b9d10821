"""A contender of the benchmarks as a server process on one core, with a directory for its files."""

import os
import socket
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from benchmarks.servers.contenders import ROOT, Contender
from fastnet.bench.processes import ServerFailed, ServerProcess, free_port, raise_file_limit

T = TypeVar("T")

# What a server over UDP answers when it is there: an echo of it, or a DNS message.
PROBES = {
    "udp": b"?",
    "dns": b"\0\7\0\0\0\1\0\0\0\0\0\0\7example\0\0\6\0\1",
}

__all__ = ["Server", "ServerFailed", "raise_file_limit"]


class Server(ServerProcess):
    """`with Server(contender, workload, core) as server:` - it listens on server.port; its log is server.log()."""

    def __init__(self, contender: Contender, workload: str, core: int | None) -> None:
        self.contender = contender
        self.workload = workload
        self.answer_bytes = 0  # on the wire, once an answer was checked
        self._files = tempfile.TemporaryDirectory(prefix="fastnet-bench-")
        self.files = folder = Path(self._files.name)
        port = free_port()
        super().__init__(
            contender.name,
            contender.command(workload, port, folder),
            port,
            () if core is None else (core,),
            str(folder),
            {"PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT), os.environ.get("PYTHONPATH", "")])},
        )

    def reach(self) -> None:
        if self.workload not in PROBES:
            super().reach()
            return
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.settimeout(0.1)
            probe.connect(("127.0.0.1", self.port))
            probe.send(PROBES[self.workload])
            probe.recv(4096)

    def cpu_of(self, run: Callable[[], T]) -> tuple[T, float]:
        """What it returns, and the server's CPU seconds meanwhile. ServerFailed if its processes changed."""
        before = self.cpu()
        result = run()
        after = self.cpu()
        if before.keys() != after.keys():
            raise ServerFailed(f"{self.name}: processes changed during the run", self.log())
        return result, sum(after[pid] - before[pid] for pid in after)

    def stop(self) -> None:
        super().stop()
        self._files.cleanup()
