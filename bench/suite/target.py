"""What a bench must reach, and whether it did."""

import dataclasses

from suite import report


@dataclasses.dataclass
class Target:
    what: str
    limit: float
    measured: float | None = None  # nothing: it could not be measured
    unit: str = ""
    at_least: bool = False

    @property
    def reached(self):
        if self.measured is None:
            return None
        return self.measured >= self.limit if self.at_least else self.measured <= self.limit

    def row(self):
        sign = "≥" if self.at_least else "≤"
        measured = "–" if self.measured is None else f"{self.measured:.3g} {self.unit}".strip()
        if self.measured is not None and self.measured >= 1000:
            measured = f"{self.measured:.0f} {self.unit}".strip()
        verdict = {True: "reached", False: "**not reached**", None: "not measured"}[self.reached]
        return [self.what, f"{sign} {self.limit:g} {self.unit}".strip(), measured, verdict]


def ratio(what, limit, value, of, *, at_least=False):
    """A target that is a ratio of two figures of this run; either may be missing."""
    measured = value / of if value is not None and of else None
    return Target(what, limit, measured, "×", at_least)


def table(targets):
    return "\n" + report.table(["Sluice", "must reach", "here", ""], [target.row() for target in targets])


def as_json(targets):
    return [{**dataclasses.asdict(target), "reached": target.reached} for target in targets]
