import signal
import threading

from fastnet.servers.signals import leave_signals


def test_a_thread_leaves_signals_to_the_main_thread() -> None:
    blocked: list[set[int]] = []

    def work() -> None:
        leave_signals()
        blocked.append({int(number) for number in signal.pthread_sigmask(signal.SIG_BLOCK, [])})

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert blocked[0] >= {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}
    assert not signal.pthread_sigmask(signal.SIG_BLOCK, []) & {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}
