import hashlib
import json
from decimal import Decimal

from odoo import models
from odoo.tools import html2plaintext

# Everything both sides agree on, apart from the discounts and the own prices. What is
# not here may change without asking anybody again.
TERM_FIELDS = (
    "partner_id",
    "company_id",
    "currency_id",
    "date_start",
    "date_end",
    "cycle",
    "anchor_day",
    "timezone",
    "settlement_mode",
    "payment_term_id",
    "catalogue_id",
    "note",
)
DISCOUNT_FIELDS = ("product_id", "categ_id", "discount", "date_start", "date_end")
PRICE_FIELDS = (
    "product_id",
    "date_start",
    "date_end",
    "charge_model",
    "unit_price",
    "package_size",
    "package_price",
    "free_units",
    "rate_percent",
    "fixed_per_event",
    "min_per_event",
    "max_per_event",
    "free_events",
    "free_amount",
    "flat_fee_at_zero",
    "block_policy",
    "min_amount",
    "max_amount",
)
TIER_FIELDS = (
    "up_to",
    "unit_price",
    "flat_fee",
    "rate_percent",
    "block_size",
    "max_blocks",
)


class IaasContract(models.Model):
    """What exactly was agreed, as data that can be compared and as one digest."""

    _inherit = "iaas.contract"

    def _terms_data(self):
        """Every term as plain values that are the same whenever the terms are."""
        self.ensure_one()
        contract = self.sudo()
        return {
            **_plain(contract, TERM_FIELDS),
            "discounts": _sorted(
                _plain(line, DISCOUNT_FIELDS) for line in contract.line_ids
            ),
            "prices": _sorted(
                _plain(price, PRICE_FIELDS)
                | {"tiers": [_plain(tier, TIER_FIELDS) for tier in price.tier_ids]}
                for price in contract.price_ids
            ),
        }

    def _terms_digest(self):
        """SHA-256 over the terms: the same as long as no term changes."""
        return terms_digest(self._terms_data())


def terms_digest(data):
    """SHA-256 over the canonical JSON of the terms, in hexadecimal digits."""
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _sorted(rows):
    return sorted(rows, key=lambda row: json.dumps(row, sort_keys=True))


def _plain(record, names):
    return {name: _plain_value(record, name) for name in names}


def _plain_value(record, name):
    field, value = record._fields[name], record[name]
    if field.relational:
        return value.ids if field.type != "many2one" else value.id
    if isinstance(value, Decimal):
        return f"{value.normalize():f}" if value else "0"
    if field.type == "html":
        return html2plaintext(value or "").strip()
    if field.type in ("date", "datetime"):
        return field.to_string(value) if value else False
    return value
