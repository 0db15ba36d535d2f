"""Charts as SVG, made without a browser: they stand in the PDF and in the portal."""

from decimal import Decimal
from html import escape
from typing import NamedTuple
from unicodedata import east_asian_width

# Narrow, so that letters stay readable where the drawing is made to fit a phone.
_WIDTH = 470
_LABEL = 170
_LETTER = 7
_ROW = 26
_BAR = 14
#: What a label has room for, in letters; a Chinese or Japanese one counts as two.
_LETTERS = 26
_COLORS = ("#714b67", "#017e84", "#875a7b", "#5b899e", "#b2a1b1", "#8f9779", "#c58940")


class Bar(NamedTuple):
    """One bar: its label, its size and how the size reads."""

    label: str
    value: Decimal
    text: str


def draw_bars(bars, title):
    """Horizontal bars, one per row; those below zero are drawn hollow.

    >>> svg = draw_bars([Bar("Compute <1>", Decimal(3), "3.00")], "By family")
    >>> "Compute &lt;1&gt;" in svg, svg.count("<rect")
    (True, 1)
    """
    if not bars:
        return ""
    height = _ROW * len(bars) + 8
    room = _WIDTH - _LABEL - _LETTER * max(len(bar.text) for bar in bars) - 8
    room = max(room, _LABEL // 3)
    largest = max(abs(bar.value) for bar in bars) or 1
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
        f'width="100%" role="img" aria-label="{escape(title)}" '
        f'font-family="sans-serif" font-size="12">'
    ]
    for number, bar in enumerate(bars):
        top = number * _ROW + 6
        length = max(int(room * abs(bar.value) / largest), 1)
        color = _COLORS[number % len(_COLORS)]
        fill = color if bar.value >= 0 else "none"
        label = _fit(bar.label)
        baseline = top + 11
        parts += [
            f'<text x="{_LABEL - 8}" y="{baseline}" text-anchor="end" '
            f'fill="#374151">{escape(label)}</text>',
            f'<rect x="{_LABEL}" y="{top}" width="{length}" height="{_BAR}" '
            f'fill="{fill}" stroke="{color}" />',
            f'<text x="{_LABEL + length + 6}" y="{baseline}" '
            f'fill="#374151">{escape(bar.text)}</text>',
        ]
    parts.append("</svg>")
    return "".join(parts)


def _fit(label):
    """The label, cut off where it would leave its room.

    >>> _fit("Compute"), _fit("x" * 30)[-3:], len(_fit("云" * 30))
    ('Compute', 'xx…', 13)
    """
    room = _LETTERS
    for index, letter in enumerate(label):
        room -= 2 if east_asian_width(letter) in "WF" else 1
        if room < 0:
            return f"{label[: index - 1]}…"
    return label
