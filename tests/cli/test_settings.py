"""Options from a file and from the environment."""

from pathlib import Path

import pytest

from fastnet.cli.settings import WrongSetting, from_environment, from_file, settings


def written(tmp_path: Path, text: str) -> Path:
    (tmp_path / "fastnet.toml").write_text(text)
    return tmp_path / "fastnet.toml"


def test_a_file_has_every_kind_of_value_and_says_where_it_stands(tmp_path: Path) -> None:
    text = '# ours\ntarget = "a:b"\nworkers = 4\n"max-body" = 10\nmin_rate = 2.5\nfactory = true\n'
    path = written(tmp_path, text + 'bind = [":1", ":2"]\n')
    found = from_file(path)
    assert {name: one.value for name, one in found.items()} == {
        "target": "a:b", "workers": 4, "max_body": 10, "min_rate": 2.5, "factory": True, "bind": (":1", ":2"),
    }  # fmt: skip
    assert found["workers"].place == f"{path}, line 3: workers"
    assert found["max_body"].place == f"{path}, line 4: max-body"


@pytest.mark.parametrize(
    "text, message",
    [
        ("\nworker = 4\n", "line 2: worker: there is no such option; did you mean workers?"),
        ("xyzzy = 4\n", "line 1: xyzzy: there is no such option; see fastnet serve --help"),
        ("[server]\nworkers = 4\n", "line 1: server: there is no such option"),
        ("max-body = 1\nmax_body = 2\n", "line 2: max_body: given twice"),
        ("workers = \n", "no TOML: Invalid value (at line 1"),
    ],
)
def test_what_is_wrong_in_a_file_is_said_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(WrongSetting) as caught:
        from_file(path)
    assert str(caught.value).startswith(str(path)) and message in str(caught.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(WrongSetting, match="cannot be read: No such file"):
        settings(str(tmp_path / "none.toml"), {})


def test_the_environment_has_every_kind_of_value() -> None:
    found = from_environment(
        {"FASTNET_WORKERS": "4", "FASTNET_BIND": ":1, :2", "FASTNET_FACTORY": "Yes", "FASTNET_MIN_RATE": "2.5",
         "FASTNET_TARGET": "a:b", "FASTNET_OTHERS": "x", "FASTNET_MODEL": ""}
    )  # fmt: skip
    assert {name: one.value for name, one in found.items()} == {
        "workers": 4, "bind": (":1", ":2"), "factory": True, "min_rate": 2.5, "target": "a:b",
    }  # fmt: skip
    assert found["workers"].place == "FASTNET_WORKERS"


@pytest.mark.parametrize(
    "variable, value, message",
    [
        ("FASTNET_WORKERS", "many", "FASTNET_WORKERS: 'many' given, expected an integer from 0 to 1024"),
        ("FASTNET_FACTORY", "maybe", "FASTNET_FACTORY: 'maybe' given, expected 1 or 0, true or false"),
    ],
)
def test_a_wrong_variable_is_named(variable: str, value: str, message: str) -> None:
    with pytest.raises(WrongSetting) as caught:
        from_environment({variable: value})
    assert str(caught.value) == message


def test_the_environment_comes_before_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, "workers = 4\nthreads = 2\n")
    found = settings(str(path), {"FASTNET_WORKERS": "8"})
    assert (found["workers"].value, found["threads"].value) == (8, 2)
