import subprocess
import sys

import fastnet


def test_python_dash_m_fastnet_is_the_command() -> None:
    run = subprocess.run([sys.executable, "-m", "fastnet", "--version"], capture_output=True, text=True, check=True)
    assert fastnet.__version__ in run.stdout


def test_an_unknown_command_is_one_clear_error() -> None:
    run = subprocess.run([sys.executable, "-m", "fastnet", "swerve"], capture_output=True, text=True)
    assert run.returncode == 2
    assert "swerve" in run.stderr
    assert "Traceback" not in run.stderr
