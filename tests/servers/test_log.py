import subprocess
import sys

import pytest

LOG_EACH_LEVEL = """
import logging, sys
from fastnet.servers import log
if sys.argv[2:]:
    logging.getLogger("fastnet").addHandler(logging.StreamHandler(sys.stdout))
log.configure(sys.argv[1])
log.configure(sys.argv[1])
for level in ("debug", "info", "warning", "error", "critical"):
    getattr(log.LOGGER, level)("this is %s", level)
log.lines(logging.ERROR, "one\\ntwo")
"""


def logged(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", LOG_EACH_LEVEL, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True)


@pytest.mark.parametrize(("level", "count"), [("debug", 5), ("info", 4), ("warning", 3), ("error", 2), ("critical", 1)])
def test_messages_from_a_level_on_go_to_standard_error_once(level: str, count: int) -> None:
    run = logged(level)
    assert run.stderr.count("this is") == count
    assert run.stdout == ""


def test_each_line_has_time_level_and_process() -> None:
    lines = logged("error").stderr.splitlines()
    assert len(lines) == 4
    for line in lines:
        date, time, level, process, *_ = line.split()
        assert date[4] == date[7] == "-" and time[2] == time[5] == ":"
        assert level in ("ERROR", "CRITICAL")
        assert process.strip("[]").isdigit()
    assert lines[2].endswith("    one") and lines[3].endswith("    two")


def test_a_program_that_configured_the_logger_keeps_its_configuration() -> None:
    run = logged("error", "own handler")
    assert run.stderr == ""
    assert run.stdout == "this is error\nthis is critical\n    one\n    two\n"
