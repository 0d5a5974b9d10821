"""run(spec): resolve, look whether the server is there, let the engine run, say what came of it."""

from __future__ import annotations

import datetime
import itertools
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from fastnet.bench.engine import Background, Clients, Counts, Run
from fastnet.bench.result import Generator, Moment, Requests, Result
from fastnet.bench.scheme import scheme_hint
from fastnet.bench.spec import Spec, parse_url, raise_descriptor_limit
from fastnet.errors import FastnetError

LOOK_EVERY_S = 0.1
# A server that refuses every connection for so long is gone.
GONE_AFTER_S = 2.0
# Difficult clients, and a request behind them, are given this long to come in.
LET_IN_S = 1.0
# After an interrupt, answers under way are waited for no longer.
INTERRUPT_GRACE_S = 0.5
# Shares of the window above which the generator says that it may have been the limit.
BUSY_SHARE = 0.9
WAITING_SHARE = 0.1
LATE_SHARE = 0.001


def run(spec: Spec, watch: Callable[[Counts, float], None] | None = None) -> Result:
    """Measure. `watch`, if given, is called ten times a second with the counts so far and the seconds since the start.

    FastnetError when the server cannot be reached to begin with, ConfigError for what this machine does not allow.
    KeyboardInterrupt ends the run early, and what was measured is returned.
    """
    raise_descriptor_limit(spec.connections + sum(spec.difficult))
    family, address = _reach(spec)
    engine = Run(**spec.plan(family, address))
    started_at = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    looks: list[tuple[float, int, int]] = []
    why = ""
    background = _background(spec, family, address)
    if background:
        background.start()
        _let_in(spec, family, address, background)
    engine.start()
    try:
        why = _watch(engine, looks, watch)
    except KeyboardInterrupt:
        why = "interrupted"
        engine.stop(INTERRUPT_GRACE_S)
    engine.join()
    if background:
        background.stop()
    counts = engine.counts()
    hint = ""
    if spec.is_http and counts.errors and not counts.measured_answered and why != "interrupted":
        hint = scheme_hint(spec.scheme, family, address)
    return _result(spec, engine, started_at, looks, why, background.counts() if background else {}, hint)


def _background(spec: Spec, family: Any, address: Any) -> Background | None:
    if not any(spec.difficult):
        return None
    return Background(
        family=family,
        address=address,
        clients=spec.difficult,
        interval_s=spec.slow_interval_s,
        request=spec.first_request(),
    )


def _let_in(spec: Spec, family: Any, address: Any, background: Background) -> None:
    """Wait until the difficult clients have come in, which is not to be measured: who asks next comes after them."""
    while not background.tried():
        time.sleep(0.001)
    if spec.is_http:
        with socket.socket(family, socket.SOCK_STREAM) as last, suppress(OSError):
            last.settimeout(min(spec.timeout_s, LET_IN_S))
            last.connect(address)
            last.sendall(spec.first_request())
            last.recv(1)


def _reach(spec: Spec) -> tuple[Any, Any]:
    """Family and address of the server, to which, but for UDP, a connection could be made just now."""
    if spec.unix_socket:
        where, found = spec.unix_socket, [(socket.AF_UNIX, spec.unix_socket)]
    else:
        url = parse_url(spec.urls[0])
        where = f"{url.host}:{url.port}"
        kind = socket.SOCK_DGRAM if spec.scheme == "udp" else socket.SOCK_STREAM
        try:
            found = [(i[0], i[4]) for i in socket.getaddrinfo(url.host, url.port, type=kind)]  # type: ignore[misc]
        except (OSError, UnicodeError) as error:
            raise FastnetError(f"cannot find the host {url.host}: {error}") from None
        if spec.scheme == "udp":
            return found[0]
    reason: OSError | None = None
    for family, address in found:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.settimeout(spec.timeout_s)
            try:
                probe.connect(address)
                return family, address
            except OSError as error:
                reason = error
    raise FastnetError(f"cannot connect to {where}: {reason.strerror or reason if reason else 'no address'}")


def _watch(engine: Run, looks: list[tuple[float, int, int]], watch: Callable[[Counts, float], None] | None) -> str:
    """Look at the run until it is over. Returns why it was ended early, or nothing."""
    began = answered_at = time.monotonic()
    answered = 0
    while not engine.finished():
        time.sleep(LOOK_EVERY_S if time.monotonic() - began > LOOK_EVERY_S else 0.01)
        now, counts = time.monotonic(), engine.counts()
        looks.append((now, counts.measured_answered, sum(counts.errors.values())))
        if watch:
            watch(counts, now - began)
        if counts.answered > answered or counts.open:
            answered, answered_at = counts.answered, now
        elif now - answered_at > GONE_AFTER_S and counts.errors.get("connect"):
            engine.stop(0)
            return f"no connection for {GONE_AFTER_S:g} s: {counts.details.get('connect', 'refused')}"
    return ""


def _moments(looks: list[tuple[float, int, int]], start_s: float, end_s: float) -> tuple[Moment, ...]:
    found = []
    for (before, answered, errors), (at, answered_by, errors_by) in itertools.pairwise(looks):
        if before >= start_s and at <= end_s:
            found.append(Moment(at - start_s, at - before, answered_by - answered, errors_by - errors))
    return tuple(found)


def _generator(counts: Counts, threads: list[Counts], window_s: float, mode: str) -> Generator:
    busiest = max(t.cpu_s for t in threads) / window_s
    waiting = max(t.run_queue_s for t in threads) / window_s
    limits = []
    if busiest > BUSY_SHARE:
        limits.append(f"a generator thread used {busiest:.0%} of its core: use more threads (-t), or another machine")
    if waiting > WAITING_SHARE:
        limits.append(
            f"a generator thread waited for a core {waiting:.0%} of the time: the machine has too few for this"
        )
    if mode == "open" and counts.late > LATE_SHARE * max(counts.measured_sent, 1):
        limits.append(f"{counts.late} requests went out over 1 ms late (at worst {counts.late_most_s * 1e3:.1f} ms)")
    return Generator(busiest, counts.cpu_s, waiting, counts.late, counts.late_most_s, counts.queued, tuple(limits))


def _result(
    spec: Spec,
    engine: Run,
    started_at: str,
    looks: list[tuple[float, int, int]],
    why: str,
    clients: dict[str, Clients],
    hint: str,
) -> Result:
    counts, threads = engine.counts(), engine.thread_counts()
    raw, corrected, connect = engine.histograms()
    window_s = max(counts.window_to_s - counts.window_from_s, 1e-9) if counts.window_to_s else 1e-9
    shown = asdict(spec)
    shown["body"] = f"{len(spec.body)} bytes"
    return Result(
        spec=shown,
        mode=spec.mode,
        started_at=started_at,
        window_s=window_s,
        requests=Requests(
            sent_whole=counts.sent,
            answered_whole=counts.answered,
            sent=counts.measured_sent,
            answered=counts.measured_answered,
            in_window=counts.in_window,
            unsent=counts.unsent,
            stray=counts.stray,
        ),
        rate=counts.in_window / window_s,
        raw=raw,
        corrected=corrected,
        connect=connect,
        errors=counts.errors,
        error_details=counts.details,
        statuses=counts.statuses,
        connected=counts.connected,
        bytes_in=counts.bytes_in,
        bytes_out=counts.bytes_out,
        generator=_generator(counts, threads, window_s, spec.mode),
        clients=clients,
        moments=_moments(looks, counts.window_from_s, counts.window_to_s),
        answers_by_connection=tuple(engine.answers()),
        ended_early=why,
        hint=hint,
    )
