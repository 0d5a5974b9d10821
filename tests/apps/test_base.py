"""The seam between apps and drivers: C methods only, none of which is reachable, or does anything, by itself."""

import pytest
from fastnet.apps.base import App, Carrier, Exchange

FACTS = [(App, set()), (Carrier, {"client", "server", "scheme", "tls"}), (Exchange, set())]


@pytest.mark.parametrize(("kind", "facts"), FACTS)
def test_nothing_but_facts_is_seen_from_python(kind, facts):
    assert {name for name in dir(kind) if not name.startswith("_")} == facts
    assert all(getattr(kind(), name) is None for name in facts)
