"""A bar: what a figure must be at least, or at most."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Bar:
    """One contender's figure against another's of the same round, or (`against` None) by itself."""

    who: str
    metric: str
    bound: float
    against: str | None = None
    at_least: bool = True

    def text(self) -> str:
        of = f" / {self.against}" if self.against else ""
        return f"{self.who}{of}, {self.metric} {'>=' if self.at_least else '<='} {self.bound:g}"

    def met(self, value: float) -> bool:
        return value >= self.bound if self.at_least else value <= self.bound
