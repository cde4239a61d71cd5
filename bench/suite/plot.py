"""Line charts as SVG: a few curves, two axes, a legend. No more than the tables of this bench need."""

import dataclasses
import html
import math

WIDTH, HEIGHT = 760, 440
LEFT, RIGHT, TOP, BOTTOM = 78, 232, 56, 64
# Told apart by people who confuse red and green, and in print (after Okabe and Ito); markers differ as well.
COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#444444"]


@dataclasses.dataclass
class Line:
    name: str
    points: list  # (x, y); a y of None is a gap
    dashed: bool = False


@dataclasses.dataclass
class Axis:
    label: str
    log: bool = False
    ticks: list = None  # none = chosen

    def range(self, values):
        values = list(values) + (self.ticks or [])
        if self.log:
            low, high = min(values), max(values)
            return 10 ** math.floor(math.log10(low)), 10 ** math.ceil(math.log10(high * 1.0001))
        high = max(values) or 1
        step = _step(high)
        return 0, max(self.ticks) if self.ticks else math.ceil(high / step - 1e-9) * step

    def marks(self, low, high):
        if self.ticks:
            return self.ticks
        if self.log:
            return [10 ** power for power in range(round(math.log10(low)), round(math.log10(high)) + 1)]
        step = _step(high)
        return [step * n for n in range(round(high / step) + 1)]

    def position(self, value, low, high):
        """0…1 between the ends."""
        if self.log:
            value, low, high = (math.log10(one) for one in (value, low, high))
        return (value - low) / (high - low)


def _step(high):
    """1, 2 or 5 times a power of ten, so that there are four to eight of them."""
    power = 10 ** math.floor(math.log10(high / 4))
    return next(factor * power for factor in (1, 2, 5, 10) if high / (factor * power) <= 8)


def chart(title, x, y, lines):
    """The SVG of it. On a logarithmic axis, what is not above zero is a gap."""
    lines = [dataclasses.replace(line, points=[(a, b) for a, b in line.points if _drawable(x, a) and _drawable(y, b)])
             for line in lines]
    lines = [line for line in lines if line.points]
    x_range = x.range(a for line in lines for a, _ in line.points)
    y_range = y.range(b for line in lines for _, b in line.points)
    wide, high = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def place(a, b):
        return (LEFT + wide * x.position(a, *x_range), TOP + high * (1 - y.position(b, *y_range)))

    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-size="13" '
             'font-family="Helvetica, Arial, sans-serif" fill="#222">',
             f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
             _text(LEFT, 30, title, 'font-size="16" font-weight="bold"')]
    for mark in y.marks(*y_range):
        _, at = place(x_range[0], mark)
        parts.append(f'<path d="M{LEFT} {at:.1f}h{wide}" stroke="#e2e2e2"/>')
        parts.append(_text(LEFT - 8, at + 4.5, _number(mark), 'text-anchor="end"'))
    for mark in x.marks(*x_range):
        at, _ = place(mark, y_range[0])
        parts.append(f'<path d="M{at:.1f} {TOP + high}v5" stroke="#222"/>')
        parts.append(_text(at, TOP + high + 21, _number(mark), 'text-anchor="middle"'))
    parts.append(f'<path d="M{LEFT} {TOP}v{high}h{wide}" fill="none" stroke="#222"/>')
    parts.append(_text(LEFT + wide / 2, HEIGHT - 16, x.label, 'text-anchor="middle"'))
    parts.append(_text(0, 0, y.label, f'text-anchor="middle" transform="translate(20 {TOP + high / 2}) rotate(-90)"'))
    for number, line in enumerate(lines):
        parts += _curve(line, number, [place(a, b) for a, b in line.points])
    return "\n".join(parts) + "\n</svg>\n"


def _drawable(axis, value):
    return value is not None and (value > 0 or not axis.log)


def _curve(line, number, points):
    colour = COLOURS[number % len(COLOURS)]
    dash = ' stroke-dasharray="6 4"' if line.dashed else ""
    path = "M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in points)
    legend = (WIDTH - RIGHT + 24, TOP + 12 + 24 * number)
    return [f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="2"{dash}/>',
            *(_marker(number, colour, *point) for point in points),
            f'<path d="M{legend[0]} {legend[1]}h26" stroke="{colour}" stroke-width="2"{dash}/>',
            _marker(number, colour, legend[0] + 13, legend[1]), _text(legend[0] + 34, legend[1] + 4.5, line.name)]


def _marker(number, colour, x, y):
    shape = number % 3
    if shape == 0:
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour}"/>'
    if shape == 1:
        return f'<rect x="{x - 3.6:.1f}" y="{y - 3.6:.1f}" width="7.2" height="7.2" fill="{colour}"/>'
    return f'<path d="M{x:.1f} {y - 5:.1f}l5 9h-10z" fill="{colour}"/>'


def _text(x, y, text, attributes=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" {attributes}>{html.escape(text)}</text>'


def _number(value):
    return f"{value:,.0f}" if value >= 10 else f"{value:.6g}"
