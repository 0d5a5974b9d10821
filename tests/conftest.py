"""What every test shares: how long hypothesis searches, certificates, that child processes import this fastnet."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

import fastnet

if TYPE_CHECKING:
    from tests.servers.certificates import Certificates

# No deadline: on a busy machine it would fail tests that are right.
settings.register_profile("default", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
# For what is run once, by hand: pytest --hypothesis-profile=thorough.
settings.register_profile("thorough", deadline=None, max_examples=65_536, database=None)
settings.load_profile("ci" if os.environ.get("CI") else "default")

# Wherever a test starts them.
_PATH = [str(Path(fastnet.__file__).resolve().parents[1]), os.environ.get("PYTHONPATH", "")]
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, _PATH))


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    from tests.servers.certificates import Certificates  # what makes them is not wherever tests are run

    return Certificates(tmp_path_factory.mktemp("certificates"))
