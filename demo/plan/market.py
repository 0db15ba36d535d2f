"""Competitors' prices in our region, from which our list prices are derived."""

import csv
from decimal import Decimal
from functools import cache
from pathlib import Path
from statistics import median

DATA = Path(__file__).parent.parent / "data"
HOURS_PER_MONTH = 730

INSTANCE_FAMILIES = {
    "general": ("m5", "m6a", "m6i", "m7i"),
    "compute": ("c5", "c6a", "c6i", "c7i"),
    "memory": ("r5", "r6a", "r6i", "r7i"),
}


def read(name):
    """The rows of a file of ``demo/data``."""
    with (DATA / name).open(newline="") as stream:
        return list(csv.DictReader(stream))


@cache
def hong_kong_factor():
    """How much dearer a competitor's same instance is in Hong Kong, at the median."""
    here = {row["sku"]: Decimal(row["usd_per_hour"]) for row in _prices()}
    there = read("competitor_cloud_prices_hong_kong.csv")
    ratios = [Decimal(row["usd_per_hour"]) / here[row["sku"]] for row in there]
    return round(median(ratios), 2)


@cache
def _prices():
    return read("competitor_cloud_prices.csv")


def _on_demand(row):
    return "commitment" not in row["note"]


@cache
def instance_hour(family, vcpu):
    """The median price per hour of a competitor's instance of ``vcpu`` cores."""
    names = INSTANCE_FAMILIES[family]
    return median(
        Decimal(row["usd_per_hour"])
        for row in _prices()
        if row["sku"].split(".")[0] in names and row["vcpu"] == str(vcpu)
    )


@cache
def core_hour():
    """The median price per hour of one core sold alone."""
    return median(
        Decimal(row["usd_per_hour"])
        for row in _prices()
        if row["sku"].endswith("-cpu") and _on_demand(row)
    )


@cache
def one_year_commitment():
    """What a one-year commitment costs as a share of the price on demand."""
    cores = [row for row in _prices() if row["sku"] == "c2-cpu"]
    committed = next(row for row in cores if row["note"].startswith("1yr"))
    on_demand = next(row for row in cores if _on_demand(row))
    return Decimal(committed["usd_per_hour"]) / Decimal(on_demand["usd_per_hour"])


@cache
def disk_month(kind):
    """The price of one GiB of disk for a month."""
    row = next(row for row in _prices() if row["sku"] == f"disk {kind}")
    return Decimal(row["usd_per_hour"]) * HOURS_PER_MONTH
