"""What goes into a bench and what comes out."""

import dataclasses
import pathlib


@dataclasses.dataclass
class Setting:
    build: pathlib.Path  # where sluice, sluice-load and sluice-floor are
    quick: bool
    rounds: int
    say: object  # takes one line of progress
    also: list = dataclasses.field(default_factory=list)  # hold: further numbers of sessions


@dataclasses.dataclass
class Result:
    text: str  # Markdown behind the heading
    figures: dict
    failed: bool  # a unit of Sluice failed, or Sluice did not run
    plots: dict = dataclasses.field(default_factory=dict)  # file name, without .svg → its text
