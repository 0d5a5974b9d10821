"""What a comparison found, as a page: the verdict first, then what it rests on.

Curves of latency stand over the share of requests, each nine in the same room, so that tails can be seen. Which rate
they are shown for is the reader's choice; at first it is the highest one that most contenders keep up with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from html import escape

from fastnet.bench import charts
from fastnet.bench import page as html
from fastnet.bench.charts import Bar, Line, Point
from fastnet.bench.comparison import Comparison, Contender, Estimate, Latency, Measured, Scenario, Trial
from fastnet.bench.curves import percentile_chart, percentile_curve
from fastnet.bench.histogram import Histogram
from fastnet.bench.page import Cell
from fastnet.bench.quantities import amount, duration

KINDS = {"best": "Best", "throughput": "Throughput", "latency": "Latency", "memory": "Memory", "start-up": "Start-up"}


def report(found: Comparison) -> str:
    """One HTML file."""
    title = f"fastnet compare: {', '.join(found.targets)}"
    sections = [html.header(_kicker(found), _verdict(found), _lead(found), _warnings(found))]
    several = len(found.targets) > 1
    for target in found.targets:
        one = _Target(found, target)
        if not one.rows:
            continue
        if several:
            sections.append(html.heading(target))
        sections += one.sections()
    sections += _scenarios(found)
    sections += _environment(found)
    return html.page(title, sections, found.to_json(), "fastnet-compare.json")


def _kicker(found: Comparison) -> str:
    when = found.started_at.replace("T", " ").removesuffix("+00:00")
    return f"fastnet compare · {', '.join(found.targets)} · GET {found.path} · {when} UTC"


def _verdict(found: Comparison) -> str:
    best = [f for f in found.findings if f.kind == "best"]
    if not best:
        return "Nothing was measured that a verdict could rest on."
    first = [f.sentence.partition(". ")[0].rstrip(".") + "." for f in best]
    return first[0] if len(best) == 1 else " ".join(f"{f.target}: {s}" for f, s in zip(best, first, strict=True))


def _lead(found: Comparison) -> str:
    best = [f for f in found.findings if f.kind == "best"]
    return best[0].sentence.partition(". ")[2] if len(best) == 1 else ""


def _warnings(found: Comparison) -> list[str]:
    said = [f.sentence for f in found.findings if f.kind in ("noise", "generator")]
    if found.ended_early:
        said.insert(0, f"It ended early: {found.ended_early}. What was measured until then is shown.")
    return said


class _Target:
    """The sections about one target."""

    def __init__(self, found: Comparison, target: str) -> None:
        self.found, self.target = found, target
        self.contenders = {c.name: c for c in found.contenders if c.target == target}
        self.rows = [m for m in found.results if m.contender in self.contenders]
        self.colours = {name: i for i, name in enumerate(self.contenders)}

    def name(self, contender: str) -> str:
        """Without what all names of this target have in common."""
        return contender.removesuffix(f" {self.target}").removeprefix(f"{self.target} ")

    def sections(self) -> Iterator[str]:
        best = next((f for f in self.found.findings if f.kind == "best" and f.target == self.target), None)
        yield self._ranking()
        told = [
            (KINDS.get(f.kind, f.kind.capitalize()), f.sentence, f"By {f.rule}.")
            for f in self.found.findings
            if f.target == self.target and f is not best and f.kind != "scenario"
        ]
        if best:
            told.insert(0, ("Rule", f"{best.rule[:1].upper()}{best.rule[1:]}.", ""))
        yield html.findings(told)
        yield html.heading(
            "Latency under a steady load",
            "Requests come at a fixed rate whether or not earlier ones are answered; times run from when each was due.",
        )
        yield self._curves()
        yield '<div class="grid2">' + self._by_rate() + self._throughput() + "</div>"
        yield html.heading("What it costs", "Thin lines: where the median lies with 95% probability.")
        yield '<div class="grid2">' + "".join(self._costs()) + "</div>"
        yield html.heading("Everything")
        yield self._table()

    def _line(self, m: Measured, points: Sequence[Point]) -> Line:
        is_peer = self.contenders[m.contender].is_peer
        return Line(self.name(m.contender), self.colours[m.contender], points, is_dashed=is_peer)

    def _bars(self, title: str, subtitle: str, field: str, text: Callable[[float], str], most_first: bool) -> str:
        bars = []
        for m in self.rows:
            value: Estimate | None = getattr(m, field)
            if value is not None:
                bars.append(Bar(self.name(m.contender), value.median, value.low, value.high, self.colours[m.contender]))
        bars.sort(key=lambda bar: bar.value, reverse=most_first)
        return charts.bar_chart(title, subtitle, bars, text) if bars else ""

    def _ranking(self) -> str:
        by_cpu = self._bars(
            "Requests a second of server CPU",
            "at each one's best concurrency; more is better",
            "rate_per_cpu_s",
            _count,
            True,
        )
        rate = self._bars(
            "Requests a second", "at each one's best concurrency; more is better", "peak_rate", _count, True
        )
        return f'<div class="grid2">{rate}{by_cpu}</div>'

    def _costs(self) -> Iterator[str]:
        yield self._bars(
            "Memory", "proportional share of all processes, after load; less is better", "pss_bytes", amount, False
        )
        yield self._bars(
            "An idle connection", "memory it holds; less is better", "idle_connection_bytes", amount, False
        )
        yield self._bars("Start-up", "to the first answer; less is better", "startup_s", _seconds, False)
        yield self._bars("Context switches a request", "less is better", "context_switches", _small, False)

    def _curves(self) -> str:
        rates = sorted({row.offered_rate for m in self.rows for row in m.latency})
        panels, keeping = [], []
        for rate in rates:
            at_rate = [(m, row) for m in self.rows for row in m.latency if row.offered_rate == rate]
            if chart := self._curve(at_rate, rate):
                panels.append((f"{rate:,.0f}/s", chart))
                keeping.append(sum(row.kept_up for _, row in at_rate))
        if not panels:
            return ""
        most = max(keeping)
        chosen = max(i for i, kept in enumerate(keeping) if kept * 4 >= most * 3)
        key = f"rate-{self.found.targets.index(self.target)}"
        return html.choice(key, "Requests offered", panels, chosen)

    def _curve(self, at_rate: Sequence[tuple[Measured, Latency]], rate: float) -> str:
        lines = [self._line(m, percentile_curve(Histogram.decode(row.hdr))) for m, row in at_rate if row.hdr]
        lines = [line for line in lines if line.points]
        if not lines:
            return ""
        late = [self.name(m.contender) for m, row in at_rate if not row.kept_up]
        title = f"Latency by share of requests, at {rate:,.0f} requests a second"
        if late:
            title += f" (which {' and '.join(late)} did not keep up with)"
        return percentile_chart(title, lines)

    def _by_rate(self) -> str:
        lines = []
        for m in self.rows:
            points = []
            for row in m.latency:
                if (p99 := row.percentiles_ns.get("99")) is None:
                    continue
                note = "" if row.kept_up else "did not keep up"
                points.append(Point(row.offered_rate, p99.median, p99.low, p99.high, not row.kept_up, note))
                if not row.kept_up:
                    break  # beyond that it only grows with time
            if points:
                lines.append(self._line(m, points))
        if not lines:
            return ""
        values = [v for line in lines for p in line.points for v in (p.y, p.low or p.y, p.high or p.y)]
        x = charts.linear_axis("requests offered a second", max(p.x for line in lines for p in line.points), _count)
        y = charts.log_axis("99th percentile; pale dots: did not keep up", values, duration)
        return charts.line_chart("Latency by offered rate", x, y, lines, duration, lambda v: f"{v:,.0f}/s offered")

    def _throughput(self) -> str:
        lines = []
        for m in self.rows:
            points = [Point(row.connections, row.rate.median, row.rate.low, row.rate.high) for row in m.throughput]
            if points:
                lines.append(self._line(m, points))
        if not lines:
            return ""
        tried = sorted({int(p.x) for line in lines for p in line.points})
        shown = [n for i, n in enumerate(tried) if i % 2 == 0 or len(tried) < 6]
        high = max(tried) if len(tried) > 1 else tried[0] * 2
        x = charts.Axis("connections", min(tried), high, [(n, str(n)) for n in shown], is_log=True)
        y = charts.linear_axis("right answers a second", max(p.high or p.y for s in lines for p in s.points), _count)
        return charts.line_chart("Throughput by concurrency", x, y, lines, _count, lambda v: f"{v:,.0f} connections")

    def _table(self) -> str:
        rate = shared_rate(self.rows)
        heads = ["Contender", "Requests/s", "Per CPU second", "p50", "p90", "p99", "p99.9", "Memory", "Idle connection"]
        heads += ["Start-up", "Idle CPU", "Switches a request", "Fairness", "Skew"]
        rows = []
        for m in self.rows:
            contender = self.contenders[m.contender]
            at_rate = next((row for row in m.latency if row.offered_rate == rate), None)
            held = at_rate.percentiles_ns if at_rate and at_rate.kept_up else {}
            rows.append(
                [
                    Cell(self.name(m.contender), small=_setting(contender)),
                    _estimate(m.peak_rate, _count, f"{m.peak_connections} connections" if m.peak_connections else ""),
                    _estimate(m.rate_per_cpu_s, _count),
                    *(_estimate(held.get(p), duration) for p in ("50", "90", "99", "99.9")),
                    _estimate(m.pss_bytes, amount),
                    _estimate(m.idle_connection_bytes, amount),
                    _estimate(m.startup_s, _seconds),
                    _estimate(m.idle_cpu_share, lambda v: f"{v:.1%}"),
                    _estimate(m.context_switches, _small),
                    _estimate(m.fairness, lambda v: f"{v:.3f}"),
                    _estimate(m.worker_skew, _small),
                ]
            )
        caption = (
            f"Medians of {self.found.rounds} rounds, below them the interval of 95% probability. Latencies at "
            f"{rate:,.0f} requests a second, empty where that was not kept up with. Fairness: Jain's index over "
            "connections, 1 is even. "
            "Skew: requests of the busiest worker to the mean. Press a head to sort."
        )
        return html.table(caption, heads, rows, f"All figures of {self.target}")


def shared_rate(rows: Sequence[Measured]) -> float:
    """The highest offered rate that at least three quarters of those keep up with who keep up with any; 0: none."""
    kept: dict[float, int] = {}
    for m in rows:
        for row in m.latency:
            kept[row.offered_rate] = kept.get(row.offered_rate, 0) + row.kept_up
    most = max(kept.values(), default=0)
    return max((rate for rate, n in kept.items() if n and n * 4 >= most * 3), default=0.0)


def _scenarios(found: Comparison) -> Iterator[str]:
    if not found.scenarios:
        return
    yield html.heading("When things go wrong", "The same contenders, one difficulty at a time.")
    names = list(dict.fromkeys(t.contender for s in found.scenarios for t in s.trials))
    rows = []
    for scenario in found.scenarios:
        trials = {t.contender: t for t in scenario.trials}
        title = Cell(
            scenario.title, small=f"{_measure(scenario)}, {'more' if scenario.better == 'high' else 'less'} is better"
        )
        rows.append([title, *(_trial(scenario, trials.get(name)) for name in names)])
    yield html.table("Who suffers is marked; why, is said below.", ["Scenario", *names], rows, "Scenarios")
    for scenario in found.scenarios:
        suffering = [(t.contender, t.why) for t in scenario.trials if t.suffers]
        if suffering:
            yield f"<h3>{escape(scenario.title)}</h3><p>{escape(scenario.what)}</p>" + html.facts(suffering)


def _measure(scenario: Scenario) -> str:
    return {"/s": "requests a second", "share": "share of the usual rate", "s": "seconds without answers"}.get(
        scenario.unit, scenario.headline
    )


def _trial(scenario: Scenario, trial: Trial | None) -> Cell:
    if trial is None:
        return Cell("")
    value = trial.figures.get(scenario.headline)
    mark = "suffers" if trial.suffers else ""
    if value is None:
        return Cell("✕" if trial.suffers else "", small=mark, css=mark)
    texts = {"/s": _count, "share": lambda v: f"{v:.0%}", "s": _seconds, "ns": duration}
    return Cell(texts.get(scenario.unit, _small)(value.median), value.median, mark, mark)


def _environment(found: Comparison) -> Iterator[str]:
    e = found.environment
    yield html.heading("Where and how")
    cores = f"server on {_cores(e.server_cores)}, load generator on {_cores(e.generator_cores)}"
    pairs = [
        ("Command", found.command),
        ("Machine", f"{e.cpu}, {e.cpus} CPUs; {cores}"),
        ("System", f"{e.platform}, kernel {e.kernel}, {e.python}"),
        ("Versions", ", ".join(f"{name} {version}" for name, version in e.versions.items())),
        ("Rounds", f"{found.rounds}, interleaved, a fresh server each; {found.duration_s:,.0f} s in all"),
        ("Noise", f"{found.noise.verdict}. {found.noise.sentence} Load average before: {e.load_average:.2f}"),
        *(("Absent", f"{a.name}: {a.reason}. {a.remedy}".strip()) for a in found.absent),
        *(("Note", note) for note in found.notes),
    ]
    yield html.facts(pairs)
    yield html.folded("Command lines of all contenders", (f"{c.name}: {' '.join(c.command)}" for c in found.contenders))


def _cores(cores: Sequence[int]) -> str:
    return f"core{'s' if len(cores) > 1 else ''} {', '.join(map(str, cores))}" if cores else "any core"


def _setting(contender: Contender) -> str:
    def number(n: int, noun: str) -> str:
        return f"{n} {noun}{'s' if n > 1 else ''}"

    return f"{number(contender.workers, 'worker')}, {number(contender.threads, 'thread')}"


def _estimate(value: Estimate | None, text: Callable[[float], str], more: str = "") -> Cell:
    if value is None:
        return Cell("")
    spread = f"{text(value.low)} – {text(value.high)}" if value.low != value.high else ""
    return Cell(text(value.median), value.median, more or spread)


def _count(value: float) -> str:
    return f"{value:,.0f}"


def _seconds(value: float) -> str:
    return duration(value * 1e9)


def _small(value: float) -> str:
    return f"{value:.2f}"
