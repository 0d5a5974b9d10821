import logging
from collections.abc import Iterator
from typing import Any

import pytest

import fastnet
from fastnet.servers.config import Config


@pytest.fixture(autouse=True)
def log_as_it_was() -> Iterator[None]:
    """serve() sets the log up, in this process, where later tests look into it."""
    logger = logging.getLogger("fastnet")
    level, propagate, handlers = logger.level, logger.propagate, logger.handlers[:]
    yield
    logger.setLevel(level)
    logger.propagate, logger.handlers[:] = propagate, handlers


@pytest.mark.parametrize(
    ("options", "option"),
    [
        ({"workrs": 2}, "workrs"),
        ({"workers": "2"}, "workers"),
        ({"bind": "nowhere"}, "bind"),
        ({"model": "x"}, "model"),
    ],
)
def test_a_wrong_option_is_refused_before_anything_happens(options: dict[str, Any], option: str) -> None:
    with pytest.raises(fastnet.ConfigError) as caught:
        fastnet.serve("site:app", **options)
    assert caught.value.option == option


def test_an_unknown_option_is_told_the_known_ones() -> None:
    with pytest.raises(fastnet.ConfigError) as caught:
        fastnet.serve("site:app", nope=1)
    assert all(name in caught.value.expected for name in Config.__dataclass_fields__ if name != "target")


def test_what_does_not_load_raises_and_leaves_no_process() -> None:
    with pytest.raises(fastnet.StartupError, match="no module named 'no_such_module_here'"):
        fastnet.serve("no_such_module_here:app", bind="127.0.0.1:0", log_level="critical")
