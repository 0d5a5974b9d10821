"""Start a peer that has no command line of its own, or whose best settings its command line does not reach.

python -m benchmarks.servers.launch fastwsgi|fastpysgi|bjoern MODULE:APP PORT
"""

import importlib
import sys
from typing import Any


def main(peer: str, target: str, port: int) -> None:
    module, _, name = target.partition(":")
    app: Any = getattr(importlib.import_module(module), name)
    server: Any = importlib.import_module(peer)
    if peer == "bjoern":
        server.run(app, "127.0.0.1", port)
        return
    server.server.tcp_nodelay = 1  # off by default, and pipelined answers then wait for acknowledgements
    server.run(app, "127.0.0.1", port)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
