"""The architectures that books on network programming name, as options of the same two drivers.

    fastnet.serve(target, **ARCHITECTURES["thread pool"])

What differs is how many processes and threads there are and how each waits. One that serves a client to the end before
it takes the next is here for comparison; nobody should run it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

ARCHITECTURES: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        # One process, one client at a time: the others wait in the backlog.
        "iterative": {"model": "prefork", "workers": 1, "max_connections": 1},
        # A process for each client, forked when it comes; further clients wait until one has gone.
        "fork per connection": {"model": "prefork", "workers": 1, "per_connection": 128},
        # The same with threads of one process.
        "thread per connection": {"model": "threaded", "workers": 1, "per_connection": 512},
        # One process and thread, all clients at once, told by select() who is ready: 1,024 descriptors, all looked at.
        "select": {"model": "async", "workers": 1, "loop": "select"},
        # As many as there may be, and still all are looked at each time.
        "poll": {"model": "async", "workers": 1, "loop": "poll"},
        # The kernel keeps the set, and tells who has become ready.
        "epoll": {"model": "prefork", "workers": 1},
        # Processes that were forked before the first client came, all accepting from one socket.
        "prefork": {"model": "prefork", "workers": 4},
        # One process; threads that were started before the first client came.
        "thread pool": {"model": "threaded", "workers": 1, "threads": 4},
        # One process and an event loop of coroutines.
        "asyncio": {"model": "async", "workers": 1, "loop": "asyncio"},
        "uvloop": {"model": "async", "workers": 1, "loop": "uvloop"},
        # A loop in each of several processes.
        "prefork x async": {"model": "async", "workers": 2},
        # The listening socket is made by somebody else (systemd, inetd) and comes as file descriptor 3.
        "socket activation": {"model": "prefork", "workers": 1, "bind": "fd://3"},
    }
)
