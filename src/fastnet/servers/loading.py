"""From the text "module:attribute" to an application that can be called, and which interface it has.

Whatever goes wrong becomes a StartupError of one line. An exception of the application's own import comes with its
traceback, cut to the frames that are neither fastnet's nor the import machinery's.
"""

from __future__ import annotations

import importlib
import inspect
import os
import sys
import traceback
from typing import Any

from fastnet.apps.service import as_service
from fastnet.errors import StartupError
from fastnet.servers.config import Config

_OURS = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep


def load(config: Config) -> tuple[Any, str]:
    """The application that `config.target` is or names, and its interface: "wsgi", "asgi"; "service", and then it is a
    Service; or "asyncio", and then it is a class of asyncio protocols. Raises StartupError.
    """
    app = config.target
    if isinstance(app, str):
        _extend_path(config.app_dir)
        app = _find(app)
    name = _name(config.target)
    if config.factory:
        try:
            app = app()
        except (Exception, SystemExit) as error:
            raise _raised(f"the factory {name} failed", error) from None
    service = as_service(app)
    if service is not None and config.interface in ("auto", "service"):
        return service, "service"
    if config.interface == "asyncio" or (config.interface == "auto" and _is_asyncio(app)):
        # Whoever has such a class has imported asyncio already.
        return importlib.import_module("fastnet.servers.guests").check_protocol(app, name), "asyncio"
    if config.interface == "service":
        raise StartupError(f"{name} is no service: decorate it with fastnet.service(), or name a Protocol class")
    if not callable(app):
        raise StartupError(f"{name} is of type {type(app).__name__}, which cannot be called as an application")
    return app, detect(app, name) if config.interface == "auto" else config.interface


def detect(app: Any, name: str = "the application") -> str:
    """ "asgi" for a coroutine function or one of (scope, receive, send), "wsgi" for one of (environ, start_response).

    Raises StartupError when neither can be told.
    """
    if inspect.isclass(app):
        raise StartupError(f"{name} is a class; name an instance of it, or use --factory")
    if inspect.iscoroutinefunction(app) or inspect.iscoroutinefunction(type(app).__call__):
        return "asgi"
    try:
        signature = inspect.signature(app)
    except (TypeError, ValueError):
        signature = None
    if signature is not None:
        for interface, arguments in (("wsgi", 2), ("asgi", 3)):
            try:
                signature.bind(*[None] * arguments)
            except TypeError:
                continue
            try:
                signature.bind(*[None] * (5 - arguments))
            except TypeError:
                return interface  # takes this many arguments and not the other many
    raise StartupError(f"cannot tell whether {name} is WSGI or ASGI; say --interface wsgi or --interface asgi")


def _is_asyncio(app: Any) -> bool:
    asyncio = sys.modules.get("asyncio")
    return asyncio is not None and inspect.isclass(app) and issubclass(app, asyncio.BaseProtocol)


def _name(target: Any) -> str:
    return repr(target) if isinstance(target, str) else f"{getattr(target, '__qualname__', type(target).__qualname__)}"


def _extend_path(app_dir: str) -> None:
    for directory in (os.getcwd(), os.path.abspath(app_dir) if app_dir else ""):
        if directory and sys.path[:1] != [directory]:
            sys.path.insert(0, directory)


def _find(target: str) -> Any:
    module_name, _, attribute = target.partition(":")
    try:
        found: Any = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        # Only the target itself is a wrong TARGET; a module that it imports is an error of the application.
        if error.name and (module_name + ".").startswith(error.name + "."):
            where = f"{os.getcwd()} or the other {len(sys.path) - 1} places of sys.path; see --app-dir"
            raise StartupError(f"cannot import {module_name!r}: no module named {error.name!r} in {where}") from None
        raise _raised(f"importing {module_name!r} failed", error) from None
    except (Exception, SystemExit) as error:
        raise _raised(f"importing {module_name!r} failed", error) from None
    for part in attribute.split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            raise StartupError(f"cannot find {attribute!r} in {module_name!r}: {_has(found)} no {part!r}") from None
    return found


def _has(owner: Any) -> str:
    return f"{owner.__name__} has" if inspect.ismodule(owner) else f"type {type(owner).__name__} has"


def _raised(what: str, error: BaseException) -> StartupError:
    last = traceback.format_exception_only(type(error), error)[-1].strip()
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not _is_machinery(frame.filename)]
    place = f" ({os.path.basename(frames[-1].filename)}, line {frames[-1].lineno})" if frames else ""
    details = "".join(traceback.format_list(frames) + traceback.format_exception_only(type(error), error))
    return StartupError(f"{what}: {' '.join(last.split())}{place}", details)


def _is_machinery(filename: str) -> bool:
    return filename.startswith(("<frozen importlib", _OURS)) or filename == importlib.__file__
