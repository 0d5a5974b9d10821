"""What a comparison found, in words: each finding is a sentence, the rule that led to it, and the numbers it read.

Two contenders differ when the interval of the ratio of their figures, round by round, leaves out 1, and the ratio is
further from 1 than the machine's own unsteadiness. Otherwise they are within noise, and the sentence says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fastnet.bench.comparison import Contender, Estimate, Finding, Latency, Measured, Noise, Scenario

# A difference smaller than this is nothing to choose by, however steady the machine.
LEAST_DIFFERENCE = 0.03
# From one round nothing is known about chance.
ONE_ROUND_DIFFERENCE = 0.10
SLOWER_P99 = 1.5
MORE_MEMORY = 1.2
SLOWER_START = 2.0
UNFAIR = 0.9
SKEWED = 1.5
BUSIER = 0.15
MORE_SWITCHES = 2.0


def ratio(one: Estimate, other: Estimate) -> Estimate | None:
    """Of two figures, round by round; None where the other is nothing."""
    pairs = [(a, b) for a, b in zip(one.samples, other.samples, strict=False) if b > 0]
    return Estimate.of([a / b for a, b in pairs]) if pairs else None


def within_noise(of: Estimate, noise: Noise) -> bool:
    """Whether a ratio may as well be 1."""
    least = max(noise.spread, LEAST_DIFFERENCE)
    if len(of.samples) < 2:
        least = max(least, ONE_ROUND_DIFFERENCE)
    return of.low <= 1 <= of.high or max(of.median, 1 / max(of.median, 1e-9)) - 1 <= least


def find(
    contenders: Sequence[Contender], results: Sequence[Measured], scenarios: Sequence[Scenario], noise: Noise
) -> tuple[Finding, ...]:
    """Everything that the rules find, the most telling first, target by target."""
    found: list[Finding] = []
    for target in dict.fromkeys(c.target for c in contenders):
        names = [c.name for c in contenders if c.target == target]
        measured = [m for m in results if m.contender in names and m.peak_rate and m.peak_rate.median > 0]
        if not measured:
            continue
        found += _speed(target, measured, noise)
        found += _latency(target, measured, noise)
        found += _memory(target, measured, noise)
        found += _sharing(target, measured)
        found += _start(target, measured, noise)
        found += _scenarios(target, names, scenarios, noise)
    found += _generator(results)
    if results:
        numbers = {"spread": noise.spread, "waiting_share": noise.waiting_share}
        rule = "the spread of the times that the same work took, before every run"
        place = 0 if noise.verdict == "unusable" else len(found)
        found.insert(place, Finding("noise", "", noise.sentence, rule, numbers, noise.verdict != "quiet"))
    return tuple(found)


def _speed(target: str, measured: Sequence[Measured], noise: Noise) -> Iterator[Finding]:
    by_cpu = any(t.limits for m in measured for t in m.throughput if t.connections == m.peak_connections) and all(
        m.rate_per_cpu_s for m in measured
    )
    rule = "the highest median of right answers a second, at the concurrency that suits it best"
    unit = "requests/s"
    if by_cpu:
        rule = "the highest median of right answers a second of server CPU, for the load generator was at its limit"
        unit = "requests a second of CPU"
    rates = {m.contender: _rate(m, by_cpu) for m in measured}
    ranked = sorted(measured, key=lambda m: -rates[m.contender].median)
    first, rest = ranked[0], ranked[1:]
    best = rates[first.contender]
    compared = {m.contender: found for m in rest if (found := ratio(rates[m.contender], best))}
    ties = [m for m in rest if m.contender in compared and within_noise(compared[m.contender], noise)]
    numbers = {m.contender: rates[m.contender].median for m in ranked}
    at = "" if by_cpu else f", with {first.peak_connections} connections"
    if not ties:
        said = f"For this handler: {first.contender}. It does most, {best.median:,.0f} {unit}{at}."
        yield Finding("best", target, said, rule, numbers, False)
    else:
        alike = [first, *ties]
        least = min(alike, key=lambda m: m.pss_bytes.median if m.pss_bytes else float("inf"))
        holds = f", of which {least.contender} holds the least memory ({_mb(least)})" if least.pss_bytes else ""
        yield Finding(
            "best", target,
            f"For this handler: {_any_of([m.contender for m in alike])}. They do most, {best.median:,.0f} {unit} and "
            f"within noise of that{holds}.",
            rule + "; among those within noise of it, the least memory", numbers, True,
        )  # fmt: skip
    for m in rest:
        if m.contender not in compared or m in ties:
            continue
        of = compared[m.contender]
        memory = ratio(m.pss_bytes, first.pss_bytes) if m.pss_bytes and first.pss_bytes else None
        at_memory = f" with {memory.median:.2g} x the memory" if memory else ""
        yield Finding(
            "throughput", target,
            f"{m.contender} does {of.median:.2g} of that ({of.low:.2g} to {of.high:.2g}){at_memory}.",
            f"ratio to {first.contender}, round by round; its interval by bootstrap",
            {"ratio": of.median, "low": of.low, "high": of.high}, False,
        )  # fmt: skip


def _rate(measured: Measured, by_cpu: bool) -> Estimate:
    found = measured.rate_per_cpu_s if by_cpu else measured.peak_rate
    assert found is not None
    return found


def _latency(target: str, measured: Sequence[Measured], noise: Noise) -> Iterator[Finding]:
    """At the highest rate that most keep up with: with all of them, if there is one."""
    by_rate: dict[float, list[tuple[Measured, Latency]]] = {}
    for m in measured:
        for row in m.latency:
            if row.kept_up and "99" in row.percentiles_ns:
                by_rate.setdefault(row.offered_rate, []).append((m, row))
    if not by_rate:
        return
    most = max(len(rows) for rows in by_rate.values())
    if most < 2:
        return
    rate = max(rate for rate, rows in by_rate.items() if len(rows) == most)
    rows = sorted(by_rate[rate], key=lambda pair: pair[1].percentiles_ns["99"].median)
    who = "all" if most == len(measured) else f"{most} of {len(measured)}"
    rule = f"p99 from when a request was due, at the highest rate that {who} keep up with"
    numbers = {m.contender: row.percentiles_ns["99"].median / 1e6 for m, row in rows}
    (best, best_row), others = rows[0], rows[1:]
    p99 = best_row.percentiles_ns["99"]
    slower = []
    for m, row in others:
        of = ratio(row.percentiles_ns["99"], p99)
        if of and of.median >= SLOWER_P99 and not within_noise(of, noise):
            slower.append(f"{m.contender}'s is {of.median:.2g} x that ({_ms(row)}), {_why(m, best, rate)}")
    head = f"At {rate:,.0f} requests/s, which {who} keep up with, {best.contender}'s p99 is {_ms(best_row)}"
    if slower:
        yield Finding("latency", target, f"{head}; {'; '.join(slower)}.", rule, numbers, False)
    else:
        yield Finding("latency", target, f"{head}, and nobody's is beyond noise {SLOWER_P99:g} x that.", rule, numbers,
                      True)  # fmt: skip


def _why(slow: Measured, fast: Measured, rate: float) -> str:
    """What the figures have to say about a longer p99."""
    assert slow.peak_rate and fast.peak_rate
    busy, other = rate / slow.peak_rate.median, rate / fast.peak_rate.median
    if busy - other > BUSIER:
        return f"because that rate is {busy:.0%} of all it can do, and {other:.0%} of what {fast.contender} can"
    one, two = slow.context_switches, fast.context_switches
    if one and two and one.median > MORE_SWITCHES * max(two.median, 0.1):
        return f"with {one.median:.1f} context switches a request, where {fast.contender} has {two.median:.1f}"
    if slow.fairness and slow.fairness.median < UNFAIR:
        return f"and it serves connections unevenly (fairness {slow.fairness.median:.2f})"
    return "for a reason that these figures do not show (fastnet trace may)"


def _memory(target: str, measured: Sequence[Measured], noise: Noise) -> Iterator[Finding]:
    known = sorted((m for m in measured if m.pss_bytes), key=lambda m: m.pss_bytes.median if m.pss_bytes else 0)
    if len(known) < 2:
        return
    least, most = known[0], known[-1]
    assert least.pss_bytes and most.pss_bytes
    of = most.pss_bytes.median / least.pss_bytes.median
    numbers = {m.contender: m.pss_bytes.median for m in known if m.pss_bytes}
    rule = "proportional share of memory (PSS) of all processes, after load"
    if of >= MORE_MEMORY:
        sentence = f"{least.contender} holds the least memory, {_mb(least)}; "
        sentence += f"{most.contender} the most, {_mb(most)} ({of:.2g} x)."
    else:
        sentence = f"All hold about the same memory: {_mb(least)} to {_mb(most)}."
    yield Finding("memory", target, sentence, rule, numbers, of < MORE_MEMORY)
    idle = {m.contender: m.idle_connection_bytes.median for m in measured if m.idle_connection_bytes}
    if len(idle) > 1:
        low, high = min(idle, key=lambda n: idle[n]), max(idle, key=lambda n: idle[n])
        if idle[high] > 2 * max(idle[low], 256.0):
            yield Finding(
                "memory", target,
                f"An idle connection costs {high} {idle[high] / 1024:.1f} KiB, and {low} "
                f"{max(idle[low], 0) / 1024:.1f} KiB.",
                "growth of PSS with connections that do nothing", idle, False,
            )  # fmt: skip


def _sharing(target: str, measured: Sequence[Measured]) -> Iterator[Finding]:
    for m in measured:
        if m.fairness and m.fairness.median < UNFAIR:
            yield Finding(
                "fairness", target,
                f"{m.contender} serves its clients unevenly: fairness {m.fairness.median:.2f}, where 1 is even.",
                f"Jain's index over connections at the peak, below {UNFAIR:g}", {"fairness": m.fairness.median}, False,
            )  # fmt: skip
        if m.worker_skew and m.worker_skew.median > SKEWED:
            yield Finding(
                "fairness", target,
                f"{m.contender}'s busiest worker answers {m.worker_skew.median:.1f} x what a worker does on average.",
                f"most requests of a worker over the mean, above {SKEWED:g}", {"skew": m.worker_skew.median}, False,
            )  # fmt: skip


def _start(target: str, measured: Sequence[Measured], noise: Noise) -> Iterator[Finding]:
    times = {m.contender: m.startup_s.median for m in measured if m.startup_s}
    if len(times) < 2:
        return
    fast, slow = min(times, key=lambda n: times[n]), max(times, key=lambda n: times[n])
    if times[slow] >= SLOWER_START * times[fast]:
        yield Finding("start-up", target,
                      f"{fast} answers {times[fast]:.2f} s after its start, {slow} after {times[slow]:.2f} s.",
                      "median time from exec to the first right answer", times, False)  # fmt: skip


def _scenarios(target: str, names: Sequence[str], scenarios: Sequence[Scenario], noise: Noise) -> Iterator[Finding]:
    for scenario in scenarios:
        trials = [t for t in scenario.trials if t.contender in names]
        if not any(t.suffers for t in trials):
            continue
        figures = {t.contender: t.figures[scenario.headline].median for t in trials if scenario.headline in t.figures}
        best = ""
        if figures and scenario.unit == "/s":
            first = max(figures, key=lambda n: figures[n])
            best = f" {first} does most, {figures[first]:,.0f}/s."
        said = "; ".join(f"{t.contender}: {t.why}" for t in trials if t.suffers)
        rule = f"{scenario.what} Judged by {scenario.headline}"
        whole = {"/s": max(figures.values(), default=0.0), "share": 1.0}.get(scenario.unit)
        suffering = [figures.get(t.contender, 0.0) for t in trials if t.suffers]
        # What is not measured in shares of something, as a wait, is not hidden by a busy machine's ups and downs.
        chance = whole is not None and all(own * (1 + noise.spread) >= whole for own in suffering)
        noted = " On this machine that is within noise." if chance else ""
        yield Finding("scenario", target, f"{scenario.title}.{best} Suffering: {said}.{noted}", rule, figures, chance)


def _generator(results: Sequence[Measured]) -> Iterator[Finding]:
    limited = [
        (m.contender, t.connections, t.limits[0])
        for m in results
        for t in m.throughput
        if t.limits and t.connections == m.peak_connections
    ]
    if limited:
        names = ", ".join(dict.fromkeys(name for name, _, _ in limited))
        yield Finding(
            "generator", "",
            f"The load generator, not the server, may have been the limit at the peak of {names}: {limited[0][2]}.",
            "over 90% of its core used, or over 10% of the time waiting for one",
            {f"{name} at {n}": 1.0 for name, n, _ in limited}, False,
        )  # fmt: skip


def _any_of(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} or {names[-1]}"


def _mb(measured: Measured) -> str:
    return f"{measured.pss_bytes.median / 1e6:,.0f} MB" if measured.pss_bytes else "unknown"


def _ms(row: Latency) -> str:
    ms = row.percentiles_ns["99"].median / 1e6
    return f"{ms:,.0f} ms" if ms >= 10 else f"{ms:.2g} ms"
