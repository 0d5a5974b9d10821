"""A contender of the benchmarks as a server process on one core, with a directory for its files."""

import os
import tempfile
from pathlib import Path

from benchmarks.servers.contenders import ROOT, Contender
from fastnet.bench.processes import ServerFailed, ServerProcess, free_port, raise_file_limit

__all__ = ["Server", "ServerFailed", "raise_file_limit"]


class Server(ServerProcess):
    """`with Server(contender, workload, core) as server:` - it listens on server.port; its log is server.log()."""

    def __init__(self, contender: Contender, workload: str, core: int | None) -> None:
        self.contender = contender
        self.workload = workload
        self.answer_bytes = 0  # on the wire, once an answer was checked
        self._files = tempfile.TemporaryDirectory(prefix="fastnet-bench-")
        folder, port = Path(self._files.name), free_port()
        super().__init__(
            contender.name,
            contender.command(workload, port, folder),
            port,
            () if core is None else (core,),
            str(folder),
            {"PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT), os.environ.get("PYTHONPATH", "")])},
        )

    def stop(self) -> None:
        super().stop()
        self._files.cleanup()
