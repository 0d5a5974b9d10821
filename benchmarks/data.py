"""Inputs that benchmarks and tests share: made by rule, the same bytes on every machine and in every run."""

import random

WRK = b"GET /plaintext HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nConnection: keep-alive\r\n\r\n"
assert len(WRK) == 73

BROWSER = (
    b"GET /articles/2026/11/24-how-a-request-travels?page=12&sort=newest HTTP/1.1\r\n"
    b"Host: www.example.com\r\n"
    b"Connection: keep-alive\r\n"
    b"Cache-Control: max-age=0\r\n"
    b"Upgrade-Insecure-Requests: 1\r\n"
    b"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    b"Chrome/130.0.0.0 Safari/537.36\r\n"
    b"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n"
    b"Sec-Fetch-Site: same-origin\r\n"
    b"Sec-Fetch-Mode: navigate\r\n"
    b"Referer: https://www.example.com/articles\r\n"
    b"Accept-Encoding: gzip, deflate, br, zstd\r\n"
    b"Accept-Language: en-GB,en;q=0.9,de;q=0.8\r\n"
    b"Cookie: session=%s\r\n"
    b"\r\n"
) % (b"0123456789abcdef" * 4)
BROWSER_FIELDS = 12
assert len(BROWSER) == 656

_SEGMENTS = ("api", "v1", "v2", "users", "orders", "static", "img", "search", "items", "articles", "2026", "feed", "a")
_HOSTS = ("example.com", "www.example.com", "api.example.org:8443", "localhost:8000", "shop.example.net", "192.0.2.10")
_WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
_AGENTS = (
    "curl/8.5.0",
    "python-httpx/0.28.1",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:133.0) Gecko/20100101 Firefox/133.0",
    f"Mozilla/5.0 (Macintosh; Intel Mac OS X 14_7) {_WEBKIT} Version/18.1 Safari/605.1.15",
    f"Mozilla/5.0 (Linux; Android 14; Pixel 8) {_WEBKIT} Chrome/130.0.0.0 Mobile Safari/537.36",
)
_TOKEN = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def _optional_fields(pick: random.Random) -> list[tuple[str, str]]:
    token = "".join(pick.choices(_TOKEN, k=pick.randrange(16, 180)))
    return [
        ("Accept", pick.choice(("*/*", "application/json", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"))),
        ("Accept-Encoding", pick.choice(("gzip", "gzip, deflate, br", "gzip, deflate, br, zstd"))),
        ("Accept-Language", pick.choice(("en", "en-US,en;q=0.9", "de-DE,de;q=0.9,en;q=0.7"))),
        ("Cache-Control", pick.choice(("no-cache", "max-age=0"))),
        ("Connection", "keep-alive"),
        ("Cookie", f"id={pick.getrandbits(64):016x}; theme=dark; token={token}"),
        ("Authorization", f"Bearer {token}"),
        ("If-None-Match", f'W/"{pick.getrandbits(48):012x}"'),
        ("If-Modified-Since", "Tue, 24 Nov 2026 08:00:00 GMT"),
        ("Origin", f"https://{pick.choice(_HOSTS)}"),
        ("Referer", f"https://{pick.choice(_HOSTS)}/{pick.choice(_SEGMENTS)}/{pick.randrange(10_000)}"),
        ("Sec-Fetch-Dest", pick.choice(("document", "empty", "image"))),
        ("Sec-Fetch-Mode", pick.choice(("navigate", "cors", "no-cors"))),
        ("Sec-Fetch-Site", pick.choice(("same-origin", "cross-site", "none"))),
        ("X-Forwarded-For", f"192.0.2.{pick.randrange(256)}, 198.51.100.{pick.randrange(256)}"),
        ("X-Forwarded-Proto", "https"),
        ("X-Request-Id", f"{pick.getrandbits(128):032x}"),
        ("traceparent", f"00-{pick.getrandbits(128):032x}-{pick.getrandbits(64):016x}-01"),
    ]


def varied_requests(count: int = 512, seed: int = 1) -> list[bytes]:
    """Requests without bodies as browsers, scripts and proxies send them: 5 to 16 fields, targets of many lengths."""
    pick = random.Random(seed)
    out = []
    for _ in range(count):
        target = "/" + "/".join(pick.choices(_SEGMENTS, k=pick.randrange(5)))
        if pick.random() < 0.4:
            target += "?" + "&".join(
                f"{pick.choice(_SEGMENTS)}={pick.randrange(10**6)}" for _ in range(pick.randrange(1, 5))
            )
        fields = _optional_fields(pick)
        chosen = sorted(pick.sample(range(len(fields)), pick.randrange(3, 15)))
        lines = [f"{pick.choices(('GET', 'HEAD', 'DELETE', 'OPTIONS'), (88, 5, 5, 2))[0]} {target} HTTP/1.1"]
        lines += [f"Host: {pick.choice(_HOSTS)}", f"User-Agent: {pick.choice(_AGENTS)}"]
        lines += [f"{fields[i][0]}: {fields[i][1]}" for i in chosen]
        out.append("\r\n".join(lines).encode("ascii") + b"\r\n\r\n")
    return out
