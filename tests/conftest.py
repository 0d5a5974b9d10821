"""What every test shares: how long hypothesis searches, and that child processes import the same fastnet."""

import os
from pathlib import Path

from hypothesis import settings

import fastnet

# No deadline: on a busy machine it would fail tests that are right.
settings.register_profile("default", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
# For what is run once, by hand: pytest --hypothesis-profile=thorough.
settings.register_profile("thorough", deadline=None, max_examples=65_536, database=None)
settings.load_profile("ci" if os.environ.get("CI") else "default")

# Wherever a test starts them.
_PATH = [str(Path(fastnet.__file__).resolve().parents[1]), os.environ.get("PYTHONPATH", "")]
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, _PATH))
