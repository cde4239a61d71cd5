"""What goes into a bench and what comes out."""

import dataclasses
import pathlib


@dataclasses.dataclass
class Setting:
    build: pathlib.Path  # where sluice, sluice-load and sluice-floor are
    quick: bool
    rounds: int
    say: object  # takes one line of progress


@dataclasses.dataclass
class Result:
    text: str  # Markdown behind the heading
    figures: dict
    failed: bool  # a unit of Sluice failed, or Sluice did not run
