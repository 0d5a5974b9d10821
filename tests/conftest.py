"""What every test shares: how long hypothesis searches."""

import os

from hypothesis import settings

# No deadline: on a busy machine it would fail tests that are right.
settings.register_profile("default", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "default")
