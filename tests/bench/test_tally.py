"""The tally: requests of each process are counted exactly, under both interfaces."""

import os
import threading
from pathlib import Path

import pytest

from fastnet.bench import tally
from fastnet.bench.contenders import own
from fastnet.bench.serving import Interrupts, Serving
from fastnet.bench.tally import Tally, read

EXAMPLES = str(Path(__file__).parents[2] / "examples")


@pytest.mark.parametrize("interface", ["wsgi", "asgi"])
def test_workers_count_what_the_client_sent(interface: str, tmp_path: Path) -> None:
    contender = own(f"{interface}_app:app", interface, ["prefork"], [2], [], EXAMPLES)[0]
    inside = {tally.TARGET: contender.target, tally.FOLDER: str(tmp_path)}
    with Interrupts() as interrupts:
        serving = Serving(interrupts, (), (), {})
        with serving.served(contender, "/", f"fastnet.bench.tally:{interface}", inside) as served:
            served.load("/", connections=16, requests=300)
    # One more found out whether the server answers.
    assert sum(read(str(tmp_path))) == 301 and len(read(str(tmp_path))) <= 2


def test_threads_of_one_process_share_a_count_and_a_fork_has_its_own(tmp_path: Path) -> None:
    one = Tally(str(tmp_path))

    def many() -> None:
        for _ in range(1000):
            one.add()

    threads = [threading.Thread(target=many) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert read(str(tmp_path)) == [4000]
    child = os.fork()
    if not child:
        one.add()
        os._exit(0)
    os.waitpid(child, 0)
    assert read(str(tmp_path)) == [4000, 1]
