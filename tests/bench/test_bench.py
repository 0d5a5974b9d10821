"""The public names of fastnet.bench."""

import fastnet.bench


def test_names() -> None:
    assert fastnet.bench.__all__ == ["Histogram", "Result", "Spec", "run"]
    assert all(getattr(fastnet.bench, name) for name in fastnet.bench.__all__)
