"""What the tests of ASGI applications share: small applications, and reading what they answer."""

CLOSE = b"Connection: close\r\n\r\n"
START = {"type": "http.response.start", "status": 200}
BODY = {"type": "http.response.body", "body": b"abc"}
MORE = {**BODY, "more_body": True}


def application(handler):
    """An application without lifespan, out of a handler of HTTP requests."""

    async def app(scope, receive, send):
        assert scope["type"] == "http"
        await handler(scope, receive, send)

    return app


async def answer(send, body=b"ok", status=200, headers=()):
    await send({"type": "http.response.start", "status": status, "headers": list(headers)})
    await send({"type": "http.response.body", "body": body})


async def read_body(receive):
    body, messages = b"", []
    while True:
        message = await receive()
        messages.append(message)
        if message["type"] == "http.disconnect":
            return body, messages
        body += message["body"]
        if not message["more_body"]:
            return body, messages


def head_fields(head):
    lines = head.split(b"\r\n")
    return lines[0], [tuple(line.split(b": ", 1)) for line in lines[1:]]
