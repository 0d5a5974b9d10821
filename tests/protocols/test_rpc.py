"""The events of remote calls say what they are."""

from fastnet.protocols.rpc import Answer, Call, Cancel, Item


def test_events_keep_what_they_are_made_of() -> None:
    call = Call(3, "add", [1], stream=True, timeout_s=2.5)
    assert (call.id, call.method, call.params, call.one_way) == (3, "add", [1], False)
    assert (call.stream, call.timeout_s, call.result, call.fault) == (True, 2.5, None, None)
    assert Call(None, "log", one_way=True).one_way
    assert (Answer(1, 2).result, Item(1, 2).value, Cancel(1).id) == (2, 2, 1)
    shown = [repr(each) for each in (call, Answer(1, 2), Item(1, 2), Cancel(1))]
    assert [text.partition("(")[0] for text in shown] == ["Call", "Answer", "Item", "Cancel"]
