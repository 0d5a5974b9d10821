"""dnslib's server with a dictionary of the records, which is faster than its own resolver of zones.

python -m benchmarks.servers.dnslib_server ZONE PORT
"""

import sys
import time
from pathlib import Path
from typing import Any

from dnslib import RCODE, RR
from dnslib.server import BaseResolver, DNSLogger, DNSServer


class Resolver(BaseResolver):  # type: ignore[misc]
    def __init__(self, zone: str) -> None:
        self.records: dict[tuple[str, int], list[RR]] = {}
        for record in RR.fromZone(zone):
            self.records.setdefault((str(record.rname), record.rtype), []).append(record)

    def resolve(self, request: Any, handler: Any) -> Any:
        reply = request.reply()
        found = self.records.get((str(request.q.qname), request.q.qtype))
        if found:
            reply.add_answer(*found)
        else:
            reply.header.rcode = RCODE.NXDOMAIN
        return reply


if __name__ == "__main__":
    resolver = Resolver(Path(sys.argv[1]).read_text())
    silent = DNSLogger("-recv,-send,-request,-reply,-truncated,-error,-data")
    DNSServer(resolver, address="127.0.0.1", port=int(sys.argv[2]), logger=silent).start_thread()
    while True:
        time.sleep(3600)
