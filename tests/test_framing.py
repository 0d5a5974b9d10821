"""The public door: every name, and the examples of its page."""

import doctest
import re
from pathlib import Path

import fastnet.codecs.framing_memory
import fastnet.framing
from fastnet.codecs import framing


def test_every_framing_of_the_codecs_is_public() -> None:
    def below(kind: type) -> set[type]:
        return {kind}.union(*(below(sub) for sub in kind.__subclasses__()))

    public = {getattr(fastnet.framing, name) for name in fastnet.framing.__all__}
    assert below(framing.Framing) <= public
    assert {framing.Decoder, fastnet.codecs.framing_memory.Spans} <= public


def test_the_examples_of_the_page() -> None:
    page = (Path(__file__).resolve().parents[1] / "docs" / "framing.md").read_text()
    examples = "".join(re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL))
    assert examples.count(">>> ") > 10
    test = doctest.DocTestParser().get_doctest(examples, {}, "framing.md", "framing.md", 0)
    assert doctest.DocTestRunner().run(test).failed == 0
