"""Tables in Markdown."""

import statistics


def head(title, facts, lines):
    text = f"# {title}\n\n" + "\n".join(lines) + "\n\n"
    return text + "\n".join(f"- {name}: {value}" for name, value in facts.items()) + "\n\n"


def table(columns, rows):
    text = "| " + " | ".join(columns) + " |\n"
    text += "|---" * len(columns) + "|\n"
    for row in rows:
        text += "| " + " | ".join(row) + " |\n"
    return text


def number(value):
    """Three figures, as far as they mean something."""
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}"


def cost_cell(cell, floor):
    """`81.2 (80.1–84.0) 1.9×`: the median, the spread of the runs, and the median over the floor's."""
    if not cell.us:
        text = "–"
    else:
        text = f"{number(cell.median())} ({number(min(cell.us))}–{number(max(cell.us))})"
        if floor:
            text += f" {cell.median() / floor:.2f}×"
    if any(value >= 0.1 for value in cell.apart_us):
        text += f" + {number(statistics.median(cell.apart_us))} apart"
    if cell.failures:
        text += " failed: " + ", ".join(f"{count} × {reason}" for reason, count in cell.failures.items())
    return text


def latency_cell(cell):
    """`1.9 / 4.3`: p50 and p99 in ms, medians over the runs."""
    if not cell.p50_us:
        return "–"
    return f"{statistics.median(cell.p50_us) / 1e3:.1f} / {statistics.median(cell.p99_us) / 1e3:.1f}"


def quartiles(values):
    """`81.2 (80.1–84.0)`: the median, and between what half of the values lie."""
    if len(values) < 2:
        return number(values[0]) if values else "–"
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return f"{middle:.1f} ({low:.1f}–{high:.1f})"


def comparison(compared, floor_name):
    """The tables of a cost.Comparison."""
    floors = [cell.median() for cell in compared.cells.get(floor_name, [])] or [None] * len(compared.works)
    titles = [work.title for work in compared.works]
    text = "CPU µs of the server a unit: median (least–most of the runs), and how often the floor's.\n\n"
    rows = [[name] + [cost_cell(cell, floor) for cell, floor in zip(cells, floors)]
            for name, cells in compared.cells.items()]
    text += table(["server"] + titles, rows)
    text += "\nLatency of a unit under this load, p50 / p99 in ms.\n\n"
    text += table(["server"] + titles, [[name] + [latency_cell(cell) for cell in cells]
                                        for name, cells in compared.cells.items()])
    if compared.notes:
        text += "\n" + "\n".join(f"- {note}" for note in compared.notes) + "\n"
    return text
