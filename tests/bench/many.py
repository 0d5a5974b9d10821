"""A process with a server for very many connections, one selector: prints its port, and, when its input ends, how many
requests and connections it saw."""

import resource
import selectors
import socket
import sys

from tests.bench.servers import HELLO


def main() -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
    listener.setblocking(False)
    print(listener.getsockname()[1], flush=True)
    requests = accepted = 0
    peers: dict[int, socket.socket] = {}
    loop = selectors.EpollSelector()
    loop.register(listener, selectors.EVENT_READ)
    loop.register(sys.stdin, selectors.EVENT_READ)
    while True:
        for key, _ in loop.select():
            if key.fileobj is sys.stdin:
                print(requests, accepted, flush=True)
                return
            if key.fileobj is listener:
                try:
                    while True:
                        peer, _ = listener.accept()
                        peers[peer.fileno()] = peer
                        loop.register(peer, selectors.EVENT_READ)
                        accepted += 1
                except BlockingIOError:
                    continue
            peer = peers[key.fd]
            try:
                n = peer.recv(65536).count(b"\r\n\r\n")
                peer.sendall(HELLO * n)
            except OSError:
                n = 0
            requests += n
            if not n:
                loop.unregister(peer)
                peer.close()


if __name__ == "__main__":
    main()
