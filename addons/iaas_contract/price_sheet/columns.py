"""The columns of a price list and what their cells may say."""

import re
from datetime import date
from decimal import Decimal

MAX_DIGITS = 30
# What a number looks like: no thousands, no decimal comma, no other digits.
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_YES = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
CHARGE_MODELS = (
    "standard",
    "package",
    "graduated",
    "volume",
    "percentage",
    "graduated_percentage",
    "dynamic",
    "block",
)
BLOCK_POLICIES = ("all_tiers", "top_tier")


def _text(text):
    # A leading apostrophe keeps spreadsheets from running a text as a formula.
    return text[1:] if text[:2] in ("'=", "'+", "'-", "'@") else text


def _number(text):
    if not _NUMBER.fullmatch(text):
        raise ValueError("not a number; write digits and a decimal point, like 1234.5")
    number = Decimal(text)
    if abs(number.adjusted()) > MAX_DIGITS:
        raise ValueError(f"has more than {MAX_DIGITS} digits")
    if number < 0:
        raise ValueError("must not be negative")
    return number


def _whole(text):
    number = _number(text)
    if number != number.to_integral_value():
        raise ValueError("must be a whole number")
    return int(number)


def _yes_no(text):
    if text.lower() not in _YES:
        raise ValueError("write yes or no")
    return _YES[text.lower()]


def _day(text):
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        raise ValueError("not a day; write it like 2026-12-31") from None


def _one_of(allowed):
    def convert(text):
        if text.lower() not in allowed:
            raise ValueError(f"unknown; write one of {', '.join(allowed)}")
        return text.lower()

    return convert


#: Columns that say which price a row is about, and those that a price has once.
PRICE_COLUMNS = {
    "product": _text,
    "name": _text,
    "unit": _text,
    "charge_model": _one_of(CHARGE_MODELS),
    "date_end": _day,
    "unit_price": _number,
    "package_size": _number,
    "package_price": _number,
    "free_units": _number,
    "rate_percent": _number,
    "fixed_per_event": _number,
    "min_per_event": _number,
    "max_per_event": _number,
    "free_events": _whole,
    "free_amount": _number,
    "flat_fee_at_zero": _yes_no,
    "block_policy": _one_of(BLOCK_POLICIES),
    "min_amount": _number,
    "max_amount": _number,
}
#: Columns that each tier has.
TIER_COLUMNS = {
    "tier_up_to": _number,
    "tier_unit_price": _number,
    "tier_flat_fee": _number,
    "tier_rate_percent": _number,
    "tier_block_size": _number,
    "tier_max_blocks": _whole,
}
COLUMNS = {**PRICE_COLUMNS, **TIER_COLUMNS}
#: What a charge model is priced by: one of these columns says so, if only with 0. A
#: price that was left out, or a formula that nobody calculated, is not free.
PRICED_BY = {
    "standard": ("unit_price",),
    "package": ("package_price",),
    "percentage": ("rate_percent", "fixed_per_event", "min_per_event"),
}
TIER_PRICED_BY = ("tier_unit_price", "tier_flat_fee", "tier_rate_percent")
#: Columns after these names say which dimensions a price is for: ``dimension_region``.
DIMENSION_PREFIX = "dimension_"
REQUIRED = ("product", "charge_model")
#: For who reads the file; not read back.
INFORMATIVE = ("name", "unit")


def dimension_column(name):
    """The column of a dimension.

    >>> dimension_column("region")
    'dimension_region'
    """
    return f"{DIMENSION_PREFIX}{name}"


def all_columns(dimensions=()):
    """Every column with what reads its cells: what a price is for stands first."""
    columns = dict(COLUMNS)
    return {
        "product": columns.pop("product"),
        "name": columns.pop("name"),
        **{dimension_column(name): _text for name in dimensions},
        **columns,
    }
