import functools
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fastnet.apps.service import Service
from fastnet.errors import StartupError
from fastnet.protocols import Protocol
from fastnet.servers.config import Config
from fastnet.servers.loading import detect, load

SITE = """
def wsgi(environ, start_response): ...
async def asgi(scope, receive, send): ...
class Nested:
    app = staticmethod(wsgi)
def make():
    return asgi
def fail():
    raise OSError("no database")
number = 5
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, str], None]]:
    """Writes modules into a directory of their own, which is the current one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    modules = set(sys.modules)

    def write(name: str, text: str) -> None:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    yield write
    for name in set(sys.modules) - modules:
        del sys.modules[name]


def loaded(target: object, **options: Any) -> tuple[Any, str]:
    return load(Config(target=target, **options))


def failure(target: object, **options: Any) -> StartupError:
    with pytest.raises(StartupError) as caught:
        loaded(target, **options)
    assert "\n" not in str(caught.value)
    return caught.value


def test_an_attribute_of_a_module_in_the_current_directory(site: Callable[[str, str], None]) -> None:
    site("site_a.py", SITE)
    app, interface = loaded("site_a:wsgi")
    assert (app.__name__, interface) == ("wsgi", "wsgi")
    assert loaded("site_a:asgi")[1] == "asgi"
    assert loaded("site_a:Nested.app")[1] == "wsgi"


def test_a_module_of_a_package(site: Callable[[str, str], None]) -> None:
    site("pack_a/__init__.py", "")
    site("pack_a/inner.py", SITE)
    assert loaded("pack_a.inner:asgi")[1] == "asgi"


def test_app_dir_comes_before_the_current_directory(site: Callable[[str, str], None], tmp_path: Path) -> None:
    site("site_b.py", "raise RuntimeError('the wrong one')")
    site("sub/site_b.py", "from beside_b import wsgi")
    site("beside_b.py", SITE)
    assert loaded("site_b:wsgi", app_dir="sub")[1] == "wsgi"


def test_an_object_needs_no_import() -> None:
    def app(environ: object, start_response: object) -> None: ...

    assert loaded(app) == (app, "wsgi")


def test_services_and_classes_of_protocols_are_seen() -> None:
    class Mine(Protocol): ...

    for target in (Mine, Service(Mine, name="mine")):
        app, interface = loaded(target)
        assert isinstance(app, Service) and app.protocol is Mine and interface == "service"
    with pytest.raises(StartupError, match=r"is no service: decorate it"):
        loaded(print, interface="service")


def test_the_interface_that_is_said_is_not_questioned() -> None:
    assert loaded(lambda *anything: None, interface="asgi")[1] == "asgi"


def test_a_factory_is_called(site: Callable[[str, str], None]) -> None:
    site("site_c.py", SITE)
    app, interface = loaded("site_c:make", factory=True)
    assert (app.__name__, interface) == ("asgi", "asgi")


def test_a_factory_that_fails_shows_its_own_frames(site: Callable[[str, str], None]) -> None:
    site("site_d.py", SITE)
    error = failure("site_d:fail", factory=True)
    assert str(error) == "the factory 'site_d:fail' failed: OSError: no database (site_d.py, line 9)"
    assert "raise OSError" in error.details and "loading.py" not in error.details


def test_a_missing_module(site: Callable[[str, str], None], tmp_path: Path) -> None:
    error = failure("no_such_module_here:app")
    assert str(error).startswith(
        f"cannot import 'no_such_module_here': no module named 'no_such_module_here' in {tmp_path}"
    )
    assert error.details == ""


def test_a_missing_module_of_a_package(site: Callable[[str, str], None]) -> None:
    site("pack_b/__init__.py", "")
    assert "no module named 'pack_b.nope'" in str(failure("pack_b.nope:app"))
    assert "no module named 'no_pack'" in str(failure("no_pack.nope:app"))


def test_a_missing_attribute(site: Callable[[str, str], None]) -> None:
    site("site_e.py", SITE)
    assert str(failure("site_e:nope")) == "cannot find 'nope' in 'site_e': site_e has no 'nope'"
    assert str(failure("site_e:number.x")) == "cannot find 'number.x' in 'site_e': type int has no 'x'"


def test_something_that_cannot_be_called(site: Callable[[str, str], None]) -> None:
    site("site_f.py", SITE)
    assert str(failure("site_f:number")) == "'site_f:number' is of type int, which cannot be called as an application"


def test_an_import_of_the_application_that_is_missing_is_its_error(site: Callable[[str, str], None]) -> None:
    site("site_g.py", "\nimport no_such_dependency\n")
    error = failure("site_g:app")
    assert str(error) == (
        "importing 'site_g' failed: ModuleNotFoundError: No module named 'no_such_dependency' (site_g.py, line 2)"
    )
    assert "import no_such_dependency" in error.details


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "def f():\n    raise ValueError('boom\\nsecond line')\nf()\n",
            "ValueError: boom second line (site_x.py, line 2)",
        ),
        ("import sys\nsys.exit('no settings')\n", "SystemExit: no settings (site_x.py, line 2)"),
        ("1 / 0", "ZeroDivisionError: division by zero (site_x.py, line 1)"),
    ],
)
def test_an_application_that_raises_on_import(site: Callable[[str, str], None], text: str, message: str) -> None:
    site("site_x.py", text)
    error = failure("site_x:app")
    assert str(error) == f"importing 'site_x' failed: {message}"
    assert "importlib" not in error.details and "fastnet" not in error.details.replace(str(Path.cwd()), "")


def test_a_syntax_error_shows_the_line(site: Callable[[str, str], None]) -> None:
    site("site_y.py", "x = = 1\n")
    error = failure("site_y:app")
    assert "SyntaxError" in str(error)
    assert 'site_y.py", line 1' in error.details and "x = = 1" in error.details


class Wsgi:
    def __call__(self, environ: object, start_response: object) -> None: ...

    def method(self, environ: object, start_response: object) -> None: ...


class Asgi:
    async def __call__(self, scope: object, receive: object, send: object) -> None: ...


class Middleware:
    def __call__(self, scope: object, receive: object, send: object) -> None: ...


def wsgi_with_option(environ: object, start_response: object, *, debug: bool = False) -> None: ...


def two_or_three(one: object, two: object, three: object = None) -> None: ...


async def asgi(scope: object, receive: object, send: object) -> None: ...


async def asgi_with_option(app: object, scope: object, receive: object, send: object) -> None: ...


@pytest.mark.parametrize(
    ("app", "interface"),
    [
        (Wsgi(), "wsgi"),
        (Wsgi().method, "wsgi"),
        (wsgi_with_option, "wsgi"),
        (functools.partial(wsgi_with_option, debug=True), "wsgi"),
        (lambda environ, start_response: None, "wsgi"),
        (asgi, "asgi"),
        (Asgi(), "asgi"),
        (Middleware(), "asgi"),
        (functools.partial(asgi_with_option, None), "asgi"),
        (lambda scope, receive, send: None, "asgi"),
    ],
)
def test_the_interface_is_seen_by_the_arguments(app: Any, interface: str) -> None:
    assert detect(app) == interface


@pytest.mark.parametrize("app", [two_or_three, lambda *args: None, lambda one: None, Wsgi, Asgi, max])
def test_where_it_cannot_be_seen_the_user_is_asked(app: Any) -> None:
    with pytest.raises(StartupError, match=r"--interface wsgi or --interface asgi|name an instance"):
        detect(app)


@pytest.mark.parametrize(
    ("module", "interface"), [("examples/flask_app.py", "wsgi"), ("examples/fastapi_app.py", "asgi")]
)
def test_real_frameworks_are_recognised(module: str, interface: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = Path(__file__).resolve().parents[2] / module
    monkeypatch.setattr(sys, "path", list(sys.path))
    assert loaded(f"{path.stem}:app", app_dir=str(path.parent))[1] == interface
