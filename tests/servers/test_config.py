import math
import os
from typing import Any

import pytest

from fastnet.errors import ConfigError
from fastnet.servers.config import Config, Option, available_cpus, options

OPTIONS = dict(options())


def config(**values: Any) -> Config:
    return Config(**{"target": "site:app", **values})


def refused(**values: Any) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        config(**values)
    assert "\n" not in str(caught.value)
    return caught.value


NUMBERS = [name for name, option in OPTIONS.items() if option.kind in (int, float)]
CHOICES = [name for name, option in OPTIONS.items() if option.choices]
TEXTS = [name for name, option in OPTIONS.items() if option.kind is str and not option.choices]
FLAGS = [name for name, option in OPTIONS.items() if option.kind is bool]
# What an option needs beside itself to be legal at its bounds.
BESIDE: dict[str, dict[str, Any]] = {"threads": {"model": "threaded"}}


def test_the_tables_cover_every_option() -> None:
    assert sorted(NUMBERS + CHOICES + TEXTS + FLAGS) == sorted(OPTIONS)
    assert len(OPTIONS) > 30


@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_is_accepted_at_its_bounds_and_refused_beyond(name: str) -> None:
    option = OPTIONS[name]
    step: float = 1 if option.kind is int else math.ulp(1.0)
    for bound in (option.low, option.high):
        value = option.kind(bound)
        got = getattr(config(**{name: value}, **BESIDE.get(name, {})), name)
        assert got == value or (value == 0 and name in ("workers", "threads"))
    for beyond in (option.low - step, option.high + (1 if option.kind is int else option.high * 1e-6)):
        error = refused(**{name: option.kind(beyond)}, **BESIDE.get(name, {}))
        assert (error.option, error.value) == (name, option.kind(beyond))
        assert "from" in error.expected


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", ["10", None, True, [10], b"10", math.nan])
def test_a_number_of_a_wrong_type_is_refused(name: str, value: object) -> None:
    assert refused(**{name: value}).option == name


@pytest.mark.parametrize("name", [name for name in NUMBERS if OPTIONS[name].kind is float])
def test_a_time_or_rate_may_be_an_integer_and_becomes_a_float(name: str) -> None:
    value = getattr(config(**{name: 7}), name)
    assert (value, type(value)) == (7.0, float)


@pytest.mark.parametrize("name", [name for name in NUMBERS if OPTIONS[name].kind is int])
def test_a_count_or_size_may_not_be_a_fraction(name: str) -> None:
    assert "an integer" in refused(**{name: 2.5}).expected


@pytest.mark.parametrize("name", CHOICES)
def test_a_choice_takes_each_of_its_words_and_no_other(name: str) -> None:
    for word in OPTIONS[name].choices:
        assert getattr(config(**{name: word}), name) == word
    for wrong in ("nonsense", "", 1, None):
        error = refused(**{name: wrong})
        assert error.option == name
        assert all(word in error.expected for word in OPTIONS[name].choices)


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("value", [5, None, b"text", "nul\0nul", ["nul\0nul"]])
def test_a_text_of_a_wrong_type_or_with_nul_is_refused(name: str, value: object) -> None:
    assert refused(**{name: value}).option == name


@pytest.mark.parametrize("name", FLAGS)
@pytest.mark.parametrize("value", [0, 1, "yes", None])
def test_a_flag_is_true_or_false(name: str, value: object) -> None:
    error = refused(**{name: value})
    assert (error.option, error.expected) == (name, "True or False")


@pytest.mark.parametrize("target", ["site", "site:", ":app", "site:app()", "si te:app", "site:app:x", "", 7, None])
def test_a_target_that_names_nothing_is_refused(target: object) -> None:
    assert refused(target=target).option == "target"


def test_a_target_may_be_dotted_or_an_object() -> None:
    assert config(target="my.site:apps.main").target == "my.site:apps.main"
    assert config(target=print).target is print


@pytest.mark.parametrize("bind", ["", "8000", "host", "host:", "host:port", "::1:80", "127.0.0.1:65536", [], ["x"], 80])
def test_a_bind_that_is_no_address_is_refused(bind: object) -> None:
    assert refused(bind=bind).option == "bind"


def test_bind_may_be_one_or_many() -> None:
    assert config(bind="127.0.0.1:80").bind == ("127.0.0.1:80",)
    assert config(bind=["[::1]:80", "unix:/run/x"]).bind == ("[::1]:80", "unix:/run/x")
    assert [str(address) for address in config(bind=["[::1]:80", "unix:/run/x"]).addresses()] == [
        "[::1]:80",
        "unix:/run/x",
    ]


@pytest.mark.parametrize(
    ("values", "option"),
    [
        ({"model": "prefork", "threads": 2}, "threads"),
        ({"reuse_port": True, "bind": "unix:/run/x"}, "reuse_port"),
        ({"reuse_port": True, "bind": ["127.0.0.1:0", "fd://3"]}, "reuse_port"),
        ({"root_path": "app"}, "root_path"),
        ({"root_path": "/app/"}, "root_path"),
        ({"app_dir": "/nowhere/at/all"}, "app_dir"),
        ({"spool_dir": "/nowhere/at/all"}, "spool_dir"),
        ({"access_log_file": ""}, "access_log_file"),
    ],
)
def test_values_that_do_not_go_together_or_do_not_exist_are_refused(values: dict[str, Any], option: str) -> None:
    assert refused(**values).option == option


def test_workers_and_threads_follow_the_model() -> None:
    assert (config().workers, config().threads) == (available_cpus(), 1)
    assert (config(model="threaded").workers, config(model="threaded").threads) == (1, 8)
    assert (config(model="async").workers, config(model="async").threads) == (1, 16)
    assert config(workers=3, model="async").workers == 3


def test_the_board_has_a_slot_a_thread_and_one_for_the_event_loop() -> None:
    assert config().slots == 2
    assert config(model="threaded", threads=5).slots == 6
    assert config(model="async", threads=5).slots == 6


def test_available_cpus_are_those_this_process_may_run_on() -> None:
    everywhere = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(everywhere)})
        assert available_cpus() == 1
    finally:
        os.sched_setaffinity(0, everywhere)


def test_the_documented_defaults() -> None:
    c = config()
    assert (c.max_request_line, c.max_header_bytes, c.max_headers, c.max_body) == (8190, 65536, 100, 0)
    assert (c.max_chunk_extensions, c.max_trailer_bytes, c.max_pipelined, c.max_output) == (4096, 8192, 64, 262144)
    assert (c.first_byte_timeout, c.head_timeout, c.body_timeout, c.min_rate) == (15, 10, 20, 500)
    assert (c.keepalive_timeout, c.write_timeout, c.drain_timeout, c.request_timeout) == (60, 30, 30, 120)


@pytest.mark.parametrize("option", OPTIONS.values(), ids=OPTIONS)
def test_every_option_says_what_it_is_for(option: Option) -> None:
    assert option.help.endswith(".") and len(option.help) > 20
    if option.kind is float:
        assert option.unit
