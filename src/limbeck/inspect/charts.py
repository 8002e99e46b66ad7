"""Drawings as SVG that stands in the page: they take the page's colours, light or dark, and its width."""

from __future__ import annotations

from collections.abc import Sequence

from limbeck.inspect.errors import Bar
from limbeck.inspect.shares import Interval

_SIZE, _LEFT, _TOP = 300, 44, 12
_INSIDE = _SIZE - _LEFT - _TOP


def reliability(bars: Sequence[Bar]) -> str:
    """The reliability diagram: what was said against what came true, with intervals; on the line they agree."""
    low = min([0.5, *(bar.said for bar in bars), *(bar.right.low for bar in bars)])
    low = max(0.0, int(low * 10) / 10)

    def x(value: float) -> float:
        return round(_LEFT + _INSIDE * (value - low) / (1 - low), 1)

    def y(value: float) -> float:
        return round(_SIZE - _LEFT - _INSIDE * (value - low) / (1 - low), 1)

    parts = [f'<line class="honest" x1="{x(low)}" y1="{y(low)}" x2="{x(1)}" y2="{y(1)}"/>']
    steps = round((1 - low) * 10)
    for n in range(0, steps + 1, 2 if steps > 5 else 1):
        value = 1 - n / 10
        parts += [
            f'<line class="grid" x1="{x(low)}" y1="{y(value)}" x2="{x(1)}" y2="{y(value)}"/>',
            f'<text x="{_LEFT - 6}" y="{y(value) + 4}" text-anchor="end">{value:.1f}</text>',
            f'<text x="{x(value)}" y="{_SIZE - _LEFT + 16}" text-anchor="middle">{value:.1f}</text>',
        ]
    for bar in bars:
        at = x(bar.said)
        label = f"said {bar.said:.3f}, right {bar.right.value:.3f} of {bar.n_rows} rows"
        parts += [
            f'<line class="reach" x1="{at}" y1="{y(bar.right.low)}" x2="{at}" y2="{y(bar.right.high)}"/>',
            f'<circle cx="{at}" cy="{y(bar.right.value)}" r="4"><title>{label}</title></circle>',
        ]
    middle, turned = _LEFT + _INSIDE / 2, f"translate(12 {_TOP + _INSIDE / 2}) rotate(-90)"
    parts += [
        f'<text x="{middle}" y="{_SIZE - 8}" text-anchor="middle">probability that the model gives</text>',
        f'<text transform="{turned}" text-anchor="middle">share that is right</text>',
    ]
    inside = "\n".join(parts)
    return (
        f'<svg class="chart" viewBox="0 0 {_SIZE} {_SIZE}" role="img" aria-label="reliability diagram">{inside}</svg>'
    )


def reach(interval: Interval, low: float, high: float) -> str:
    """A figure between its bounds on a scale from ``low`` to ``high``: a line and a point."""
    width = (high - low) or 1.0
    start, end, at = (
        round(100 * min(1.0, max(0.0, (value - low) / width)), 1)
        for value in (interval.low, interval.high, interval.value)
    )
    return (
        '<svg class="reach" viewBox="0 0 104 12" role="img" aria-label="interval">'
        f'<line class="grid" x1="2" y1="6" x2="102" y2="6"/><line class="reach" x1="{start + 2}" y1="6" '
        f'x2="{end + 2}" y2="6"/><circle cx="{at + 2}" cy="6" r="3.5"/></svg>'
    )
