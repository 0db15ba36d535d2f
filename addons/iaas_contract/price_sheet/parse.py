"""From rows of texts to prices, with every mistake named by row and column."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from .columns import (
    INFORMATIVE,
    PRICE_COLUMNS,
    PRICED_BY,
    REQUIRED,
    TIER_COLUMNS,
    TIER_PRICED_BY,
    all_columns,
    dimension_column,
)


class SheetError(NamedTuple):
    """What is wrong with a cell; ``column`` is empty for the row as a whole."""

    row: int
    column: str
    value: str
    reason: str


@dataclass
class SheetPrice:
    """A price of the file: its product as written, its values, its tiers, and the
    dimensions that it is for."""

    row: int
    product: str
    values: dict[str, Any]
    tiers: list[dict[str, Any]] = field(default_factory=list)
    dimensions: dict[str, str] = field(default_factory=dict)


def parse(rows, dimensions=()):
    """The prices of the rows, and all mistakes.

    :param dimensions: the names of the dimensions that a price may be for

    >>> rows = [(2, {"product": "A", "charge_model": "standard", "unit_price": "x"})]
    >>> prices, [error] = parse(rows)
    >>> error.row, error.column, error.value
    (2, 'unit_price', 'x')
    """
    rows = list(rows)
    columns = all_columns(dimensions)
    errors = list(_check_header(rows, columns))
    if errors:
        return [], errors
    prices, seen = [], set()
    for number, texts in rows:
        values, wrong = _convert(number, texts, columns)
        errors += wrong
        product = values.get("product")
        if not product:
            errors.append(SheetError(number, "product", "", "say which service"))
            continue
        tier = {
            name.removeprefix("tier_"): values[name]
            for name in TIER_COLUMNS
            if name in values
        }
        own = {
            name: values[name]
            for name in PRICE_COLUMNS
            if name in values and name not in ("product", *INFORMATIVE)
        }
        demanded = {
            name: values[dimension_column(name)]
            for name in dimensions
            if dimension_column(name) in values
        }
        subject = (product, demanded)
        before = prices[-1] if prices else None
        if (
            before
            and (before.product, before.dimensions) == subject
            and (tier and before.tiers)
        ):
            errors += _check_continued(number, texts, own, before)
            errors += _check_priced(number, texts, TIER_PRICED_BY)
            before.tiers.append(tier)
            continue
        key = (product, *sorted(demanded.items()))
        if key in seen:
            errors.append(
                SheetError(
                    number,
                    "product",
                    product,
                    "is there twice for the same dimensions; only the tiers of one "
                    "price take several rows, one below the other",
                )
            )
            continue
        if "charge_model" not in own and not texts.get("charge_model"):
            errors.append(
                SheetError(number, "charge_model", "", "say how the price is charged")
            )
        seen.add(key)
        if tier:
            errors += _check_priced(number, texts, TIER_PRICED_BY)
        elif own.get("charge_model") in PRICED_BY:
            errors += _check_priced(number, texts, PRICED_BY[own["charge_model"]])
        tiers = [tier] if tier else []
        prices.append(SheetPrice(number, product, own, tiers, demanded))
    return prices, errors


def _check_header(rows, columns):
    if not rows:
        yield SheetError(1, "", "", "the file holds no prices")
        return
    names = rows[0][1].keys()
    for name in names:
        if name and name not in columns:
            yield SheetError(1, name, "", "unknown column")
    for name in REQUIRED:
        if name not in names:
            yield SheetError(1, name, "", "this column is missing")


def _convert(number, texts, columns):
    values, errors = {}, []
    for name, text in texts.items():
        if not text or not name:
            continue
        try:
            values[name] = columns[name](text)
        except ValueError as error:
            errors.append(SheetError(number, name, text, str(error)))
    return values, errors


def _check_priced(number, texts, names):
    """One of the columns says what it costs."""
    if not any(texts.get(name) for name in names):
        yield SheetError(number, names[0], "", "say the price; write 0 for free")


def _check_continued(number, texts, own, price):
    """The further rows of a price may repeat it, but not say otherwise."""
    for name, value in own.items():
        if price.values.get(name) != value:
            yield SheetError(
                number,
                name,
                texts[name],
                f"differs from the first row of this price (row {price.row})",
            )
