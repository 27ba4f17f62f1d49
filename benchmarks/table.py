"""The result as Markdown: CPU with ratios, what each client costs over the floor, and wall time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .scenarios import scenario_named

if TYPE_CHECKING:
    from collections.abc import Callable

BASELINE = "arke"
FLOOR = "floor"


def as_markdown(results: dict[str, dict[str, Any]], labels: list[str], *, baseline: str = BASELINE) -> str:
    """Return the tables and the list of what failed."""
    parts = [
        "## CPU of the client per request, and its ratio to " + baseline,
        _table(results, labels, lambda row, label: _with_ratio(row, label, baseline)),
        "## Over the floor of the same loop",
        _table(results, [label for label in labels if label != FLOOR], _over_floor),
        "## Wall time per request",
        _table(results, labels, _wall),
        _failures(results),
    ]
    return "\n\n".join(part for part in parts if part)


def _table(results: dict[str, dict[str, Any]], labels: list[str], cell: Callable[[dict[str, Any], str], str]) -> str:
    lines = [_line(["scenario", "unit", *labels]), _line(["---", "---", *("---:" for _ in labels)])]
    for name, row in results.items():
        cells = [cell(row, label) for label in labels]
        if any(cells):
            lines.append(_line([name, scenario_named(name).unit, *cells]))
    return "\n".join(lines)


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _with_ratio(row: dict[str, Any], label: str, baseline: str) -> str:
    figure, base = _figure(row, label), _figure(row, baseline)
    if figure is None:
        return _absence(row.get(label, {}))
    return _number(figure) if not base or label == baseline else f"{_number(figure)} ({figure / base:.2f}x)"


def _over_floor(row: dict[str, Any], label: str) -> str:
    figure, floor = _figure(row, label), _figure(row, FLOOR)
    return "" if figure is None or floor is None else f"{figure - floor:+,.1f}"


def _wall(row: dict[str, Any], label: str) -> str:
    wall = row.get(label, {}).get("wall")
    return "" if wall is None else _number(wall)


def _figure(row: dict[str, Any], label: str) -> float | None:
    figure: float | None = row.get(label, {}).get("figure")
    return figure


def _absence(result: dict[str, Any]) -> str:
    return "failed" if "error" in result else ""


def _number(figure: float) -> str:
    return f"{figure:,.0f}" if abs(figure) >= 1000 else f"{figure:.1f}"


def _failures(results: dict[str, dict[str, Any]]) -> str:
    lines = [
        f"- {name}, {label}: {result['error']}"
        for name, row in results.items()
        for label, result in row.items()
        if "error" in result
    ]
    failed = "\n".join(["## Failed", "", *lines]) if lines else ""
    return "\n".join([failed, _unsupported(results)]).strip()


def _unsupported(results: dict[str, dict[str, Any]]) -> str:
    """Return the reasons of the empty cells, each with its scenarios."""
    reasons: dict[str, list[str]] = {}
    for name, row in results.items():
        for label, result in row.items():
            if "unsupported" in result:
                reasons.setdefault(f"{label} {result['unsupported']}", []).append(name)
    lines = [f"- {reason}: {', '.join(names)}" for reason, names in reasons.items()]
    return "\n".join(["", "## Not measured", "", *lines]) if lines else ""
