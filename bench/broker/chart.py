"""``python -m bench.broker.chart FIGURES.jsonl > bench/broker.svg``: the table as a picture."""

import json
import sys
from collections.abc import Iterator
from html import escape
from pathlib import Path

_WIDTH, _LEFT, _BAR, _ROW, _GAP = 720, 250, 330, 22, 26
_BROKERS = {"parley": "Parley", "mosquitto": "Mosquitto", "amqtt": "amqtt"}
_FIGURES = {
    "pairs": ("one to one, deliveries a second", "per_second"),
    "groups": ("groups of 100, deliveries a second", "per_second"),
    "pairs beside 10,000 connected": ("one to one beside 10,000 idle", "per_second"),
    "pairs beside 100,000 stored": ("one to one beside 100,000 away", "per_second"),
    "latency": ("99th percentile, ms (less is better)", "p99_ms"),
}
_STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1f2328 }
.name { text-anchor: end } .head { font-weight: 600 }
rect { fill: #9aa4af } rect.parley { fill: #1a7f64 }
@media (prefers-color-scheme: dark) { text { fill: #e6edf3 } rect { fill: #59636e } }
"""


def main() -> None:
    """Read the figures of ``python -m bench.broker``, and draw them."""
    lines = Path(sys.argv[1]).read_text().splitlines()
    print(draw([json.loads(line) for line in lines]))  # noqa: T201 - its purpose


def draw(figures: list[dict[str, float | str]]) -> str:
    """Give the picture as SVG: a group of bars for each load, one for each broker."""
    y, parts = 0, list[str]()
    for load, (title, key) in _FIGURES.items():
        values = {str(f["broker"]): float(f[key]) for f in figures if f["load"] == load}
        y += _GAP
        parts.append(f'<text class="head" x="{_LEFT}" y="{y - 8}">{escape(title)}</text>')
        parts += _bars(values, y)
        y += _ROW * len(values)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {y + 8}" role="img">'
    title = "<title>Parley's broker beside Mosquitto and amqtt</title>"
    return "\n".join([head, title, f"<style>{_STYLE}</style>", *parts, "</svg>"])


def _bars(values: dict[str, float], y: int) -> Iterator[str]:
    longest = max(values.values())
    for number, (broker, value) in enumerate(values.items()):
        top, width = y + _ROW * number, max(1, round(_BAR * value / longest))
        middle = top + 13
        yield f'<text class="name" x="{_LEFT - 8}" y="{middle}">{_BROKERS[broker]}</text>'
        yield f'<rect class="{broker}" x="{_LEFT}" y="{top}" width="{width}" height="16" rx="2"/>'
        written = f"{value:,.0f}" if value >= 100 else f"{value:.2f}"  # noqa: PLR2004 - digits
        yield f'<text x="{_LEFT + width + 8}" y="{middle}">{written}</text>'


if __name__ == "__main__":
    main()
