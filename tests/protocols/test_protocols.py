"""What fastnet.protocols offers."""

import fastnet.protocols


def test_every_public_name_is_there_and_documented() -> None:
    for name in fastnet.protocols.__all__:
        value = getattr(fastnet.protocols, name)
        assert value.__doc__ or name in ("NEED_DATA", "PAUSED")
