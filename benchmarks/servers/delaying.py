"""A server whose delays are known beforehand: request i is answered DELAYS[i] after it came. Prints its port.

One thread, one heap of answers that are due; the wait for the next one is exact to a fraction of a millisecond on an
idle core. How late it was itself is what it prints at the end (of its input), in milliseconds: the median and the most.
"""

import heapq
import random
import select
import socket
import sys
import time

MOST = 100_000
HELLO = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


def delays(n: int) -> list[float]:
    """The first n, in seconds: log-normal around 300 ms, between 0.1 and 1.5 s."""
    draw = random.Random(20)
    return [min(max(0.3 * draw.lognormvariate(0, 0.5), 0.1), 1.5) for _ in range(n)]


def main() -> None:
    wanted, due, late = delays(MOST), [], []
    listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
    print(listener.getsockname()[1], flush=True)
    poll = select.epoll()
    poll.register(listener, select.EPOLLIN)
    poll.register(sys.stdin, select.EPOLLIN)
    peers: dict[int, socket.socket] = {}
    n = 0
    while True:
        now = time.monotonic()
        while due and due[0][0] <= now:
            at, fd = heapq.heappop(due)
            if fd in peers:
                peers[fd].sendall(HELLO)
                late.append(time.monotonic() - at)
        for fd, _ in poll.poll(max(due[0][0] - time.monotonic(), 0) if due else 1):
            if fd == sys.stdin.fileno():
                late.sort()
                print(f"{late[len(late) // 2] * 1e3:.3f} {late[-1] * 1e3:.3f}", flush=True)
                return
            if fd == listener.fileno():
                peer = listener.accept()[0]
                peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                peers[peer.fileno()] = peer
                poll.register(peer, select.EPOLLIN)
                continue
            data = peers[fd].recv(65536)
            if not data:
                poll.unregister(fd)
                peers.pop(fd).close()
            for _ in range(data.count(b"\r\n\r\n")):
                heapq.heappush(due, (time.monotonic() + wanted[n % MOST], fd))
                n += 1


if __name__ == "__main__":
    main()
