"""The public face of the JSON codec, and that it needs no orjson."""

import subprocess
import sys

import fastnet.json


def test_names() -> None:
    for name in fastnet.json.__all__:
        assert callable(getattr(fastnet.json, name))
    assert fastnet.json.loads(fastnet.json.dumps({"a": [1, None]})) == {"a": [1, None]}


def test_without_orjson() -> None:
    code = "import sys; sys.modules['orjson'] = None; from fastnet import json; print(json.dumps(json.loads('[1e5]')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "b'[100000.0]'\n", done.stderr
