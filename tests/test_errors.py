import pickle

import pytest

import fastnet
from fastnet import ConfigError, FastnetError, LimitExceeded, ProtocolError


def test_one_family() -> None:
    assert issubclass(LimitExceeded, ProtocolError)
    assert issubclass(ProtocolError, FastnetError)
    assert issubclass(ConfigError, FastnetError)
    assert {"ConfigError", "FastnetError", "LimitExceeded", "ProtocolError"} <= set(fastnet.__all__)


def test_a_protocol_error_carries_the_status_to_answer_with() -> None:
    error = LimitExceeded("header section over 65536 bytes", 431)
    assert error.status == 431
    assert str(error) == "header section over 65536 bytes"


def test_a_config_error_names_option_value_and_what_would_be_right_in_one_line() -> None:
    error = ConfigError("--model", "pre\nfork", "one of prefork, threaded, async")
    assert str(error) == r"--model: 'pre\nfork' given, expected one of prefork, threaded, async"
    assert (error.option, error.value, error.expected) == ("--model", "pre\nfork", "one of prefork, threaded, async")


@pytest.mark.parametrize("error", [ProtocolError("bad chunk", 400), ConfigError("workers", 0, "1 or more")])
def test_errors_survive_pickling(error: FastnetError) -> None:
    copy = pickle.loads(pickle.dumps(error))
    assert str(copy) == str(error)
    assert vars(copy) == vars(error)


def test_a_protocol_error_that_is_a_value_error_first_has_status_and_text() -> None:
    class NotANumber(ValueError, ProtocolError):
        """No number."""

    assert NotANumber().status == 400 and str(NotANumber()) == "No number."
    assert str(NotANumber("x is none")) == "x is none"
