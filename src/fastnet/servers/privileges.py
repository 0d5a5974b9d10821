"""Whose processes the workers are: --user, --group, --umask.

The supervisor stays what it was started as, so that it can bind port 80 and read keys; a worker gives its rights up
when its sockets are open, before it loads the application, and cannot get them back.
"""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import re
from collections.abc import Iterator

from fastnet.errors import ConfigError, StartupError


def user_id(name: str) -> pwd.struct_passwd:
    """Who is named, or numbered. Raises ConfigError."""
    try:
        return pwd.getpwuid(int(name)) if name.isdecimal() else pwd.getpwnam(name)
    except (KeyError, OverflowError):
        raise ConfigError("user", name, "a user of this machine, by name or number") from None


def group_id(name: str) -> int:
    """The number of a group that is named, or numbered. Raises ConfigError."""
    try:
        return (grp.getgrgid(int(name)) if name.isdecimal() else grp.getgrnam(name)).gr_gid
    except (KeyError, OverflowError):
        raise ConfigError("group", name, "a group of this machine, by name or number") from None


def umask_of(text: str) -> int:
    """The mask that octal digits spell. Raises ConfigError."""
    if not re.fullmatch("[0-7]{1,4}", text) or int(text, 8) > 0o777:
        raise ConfigError("umask", text, "octal digits from 0 to 777, such as 027")
    return int(text, 8)


def become(user: str, group: str) -> bool:
    """Give up this process's rights for those of a user, or a group, or both; "" for neither. Whether that was to do.

    With a user alone the groups are his. Raises StartupError when the process may not do that.
    """
    if not user and not group:
        return False
    who = user_id(user) if user else None
    gid = group_id(group) if group else who.pw_gid if who else os.getgid()
    if (who is None or who.pw_uid == os.geteuid()) and gid == os.getegid():
        return False
    try:
        if who is not None:
            os.initgroups(who.pw_name, gid)
        else:
            os.setgroups([gid])
        os.setresgid(gid, gid, gid)
        if who is not None:
            os.setresuid(who.pw_uid, who.pw_uid, who.pw_uid)
    except PermissionError:
        raise StartupError("--user and --group need a server that is started as root") from None
    return True


@contextlib.contextmanager
def umask(text: str) -> Iterator[None]:
    """New files have this mask, meanwhile; "": the one there was."""
    old = os.umask(umask_of(text)) if text else None
    try:
        yield
    finally:
        if old is not None:
            os.umask(old)
