"""Charts as SVG, made here: a bar per day, sized for the page by its own coordinates. Their numbers stand in a table too."""

from __future__ import annotations

from collections.abc import Sequence

from rialto.kernel.service import Frozen

WIDTH = 600
HEIGHT = 160
GAP = 4


class Bar(Frozen):
    """In the chart's coordinates, whose origin is at the top left. `label` is its value in words."""

    x: int
    y: int
    width: int
    height: int
    label: str


class Chart(Frozen):
    """`top` is the value of a bar that reaches the top, in words."""

    width: int
    height: int
    bars: list[Bar]
    top: str


def bars(values: Sequence[int], labels: Sequence[str]) -> Chart:
    """A bar for each value, the largest as high as the chart; one that is not zero can always be seen."""
    highest = max(values, default=0)
    step = WIDTH // max(len(values), 1)
    found = []
    for number, (value, label) in enumerate(zip(values, labels, strict=True)):
        height = max(2, HEIGHT * value // highest) if value > 0 else 0
        found.append(Bar(x=number * step, y=HEIGHT - height, width=step - GAP, height=height, label=label))
    top = labels[list(values).index(highest)] if highest else ""
    return Chart(width=WIDTH, height=HEIGHT, bars=found, top=top)
