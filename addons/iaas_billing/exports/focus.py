"""FinOps Open Cost and Usage Specification (FOCUS) 1.2: its columns and how a value of
each is written."""

import json
from datetime import datetime
from decimal import Decimal

from .tables import plain_text

FOCUS_COLUMNS = (
    "AvailabilityZone",
    "BilledCost",
    "BillingAccountId",
    "BillingAccountName",
    "BillingAccountType",
    "BillingCurrency",
    "BillingPeriodEnd",
    "BillingPeriodStart",
    "CapacityReservationId",
    "CapacityReservationStatus",
    "ChargeCategory",
    "ChargeClass",
    "ChargeDescription",
    "ChargeFrequency",
    "ChargePeriodEnd",
    "ChargePeriodStart",
    "CommitmentDiscountCategory",
    "CommitmentDiscountId",
    "CommitmentDiscountName",
    "CommitmentDiscountQuantity",
    "CommitmentDiscountStatus",
    "CommitmentDiscountType",
    "CommitmentDiscountUnit",
    "ConsumedQuantity",
    "ConsumedUnit",
    "ContractedCost",
    "ContractedUnitPrice",
    "EffectiveCost",
    "InvoiceId",
    "InvoiceIssuerName",
    "ListCost",
    "ListUnitPrice",
    "PricingCategory",
    "PricingCurrency",
    "PricingCurrencyContractedUnitPrice",
    "PricingCurrencyEffectiveCost",
    "PricingCurrencyListUnitPrice",
    "PricingQuantity",
    "PricingUnit",
    "ProviderName",
    "PublisherName",
    "RegionId",
    "RegionName",
    "ResourceId",
    "ResourceName",
    "ResourceType",
    "ServiceCategory",
    "ServiceName",
    "ServiceSubcategory",
    "SkuId",
    "SkuMeter",
    "SkuPriceDetails",
    "SkuPriceId",
    "SubAccountId",
    "SubAccountName",
    "SubAccountType",
    "Tags",
    "x_StatementId",
    "x_ContractVersion",
)

#: Names that people give: no spreadsheet shall take them for formulas. Identities stay
#: as they are.
_NAMES = {
    "BillingAccountName",
    "ChargeDescription",
    "InvoiceIssuerName",
    "ProviderName",
    "PublisherName",
    "ResourceName",
    "ResourceType",
    "ServiceName",
    "SkuMeter",
    "SubAccountName",
}


def focus_row(values):
    """The cells of a row, in the order of the columns.

    >>> row = focus_row({"BilledCost": Decimal(10), "Tags": {"team": "web"}})
    >>> row[1], row[-3]
    ('10.0', '{"team": "web"}')

    :param values: ``{column: value}``; a column that is not named is null
    """
    unknown = values.keys() - set(FOCUS_COLUMNS)
    if unknown:
        raise ValueError(f"no columns of FOCUS 1.2: {sorted(unknown)}")
    return [_cell(column, values.get(column)) for column in FOCUS_COLUMNS]


def _cell(column, value):
    if value is None:
        return ""
    if column in _NAMES:
        return plain_text(value)
    if isinstance(value, Decimal):
        text = f"{value:f}"
        return text if "." in text else f"{text}.0"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    return value
