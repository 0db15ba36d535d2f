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
    "notice_days",
    "auto_renew",
    "renew_months",
    "payment_term_id",
    "payer_id",
    "credit_limit_amount",
    "deposit_amount",
    "commitment_amount",
    "shortfall_rule",
    "billing_timing",
    "advance_percent",
    "service_level",
    "catalogue_id",
    "note",
)
DISCOUNT_FIELDS = (
    "product_id",
    "categ_id",
    "is_trial",
    "discount",
    "min_spend",
    "billing_timing",
    "advance_percent",
    "date_start",
    "date_end",
)
# Terms that came later stand only where they are agreed on, so that the digest of
# what was agreed before them stays the same.
LATER_FIELDS = {"min_spend", "billing_timing", "advance_percent", "is_trial"}
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
# Of a long text a list of changes shows the beginning.
LONG_TEXT = 80
# Of the digest of a file its first digits; the contract states the whole of it.
SHORT_DIGEST = 12
CLAUSE_FIELDS = ("name", "text")
ANNEX_FIELDS = ("name", "description", "sha256")
OBLIGATION_FIELDS = ("name", "side", "date_deadline")
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

    def _terms_data(self, version=None):
        """Every term as plain values that are the same whenever the terms are.

        :param version: an amendment; the terms are then as it proposes them
        """
        self.ensure_one()
        contract = self.sudo()
        terms = (version or contract).sudo()
        proposed = [name for name in TERM_FIELDS if name in _shared_fields(self.env)]
        data = {
            **_plain(contract, [name for name in TERM_FIELDS if name not in proposed]),
            **_plain(terms, proposed),
            "clauses": [
                _plain(clause, CLAUSE_FIELDS)
                for clause in terms.clause_ids.sorted("sequence")
            ],
            "discounts": _sorted(
                _plain(line, DISCOUNT_FIELDS) for line in terms.line_ids
            ),
            "prices": _sorted(
                # A contract has those in force, an amendment those that it proposes.
                plain_price(price)
                for price in terms.price_ids
                if version or price.active
            ),
        }
        if contract.obligation_ids:
            # Only where there are any: as with dimensions.
            data["obligations"] = _sorted(
                _plain(obligation, OBLIGATION_FIELDS)
                for obligation in contract.obligation_ids
            )
        if terms.annex_ids:
            data["annexes"] = [
                _plain(annex, ANNEX_FIELDS)
                for annex in terms.annex_ids.sorted("sequence")
            ]
        return data

    def _terms_digest(self):
        """SHA-256 over the terms: the same as long as no term changes."""
        return terms_digest(self._terms_data())


def plain_price(price):
    """An own price as plain values, with its tiers."""
    tiers = [_plain(tier, TIER_FIELDS) for tier in price.tier_ids.sorted("sequence")]
    terms = _plain(price, PRICE_FIELDS) | {"tiers": tiers}
    if price.dimension_key:
        # Only where there are any: the digest of what was approved before prices had
        # dimensions stays.
        terms["dimension_key"] = price.dimension_key
    return terms


def terms_digest(data):
    """SHA-256 over the canonical JSON of the terms, in hexadecimal digits."""
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def describe_changes(env, old, new):
    """What differs between two sets of terms, one line each: old → new."""
    contract = env["iaas.contract"]
    changes = []
    for name in TERM_FIELDS:
        if old.get(name) != new.get(name):
            label = contract._fields[name]._description_string(env)
            changes.append(
                f"{label}: {_shown(contract, name, old.get(name))} → "
                f"{_shown(contract, name, new.get(name))}"
            )
    for part, model, names, label in (
        ("discounts", "iaas.contract.line", DISCOUNT_FIELDS, env._("Discount")),
        ("clauses", "iaas.contract.clause", CLAUSE_FIELDS, env._("Clause")),
        ("annexes", "iaas.contract.annex", ANNEX_FIELDS, env._("Annex")),
        (
            "obligations",
            "iaas.contract.obligation",
            OBLIGATION_FIELDS,
            env._("Obligation"),
        ),
        (
            "prices",
            "iaas.price",
            ("product_id", "dimension_key", *PRICE_FIELDS[1:]),
            env._("Own price"),
        ),
    ):
        gone, come = old.get(part, []), new.get(part, [])
        for sign, rows, others in (("−", gone, come), ("+", come, gone)):
            changes += [
                f"{sign} {label}: {_shown_row(env[model], names, row)}"
                for row in rows
                if row not in others
            ]
    return "\n".join(changes)


def _shown_row(model, names, row):
    shown = [
        _shown(model, name, row[name])
        for name in names
        if row.get(name)
        and row[name] != "0"
        and (name != "block_policy" or row["charge_model"] == "block")
    ]
    shown += [
        f"≤ {tier['up_to'] if tier['up_to'] != '0' else '∞'}: {tier['unit_price']}"
        for tier in row.get("tiers", ())
    ]
    return ", ".join(shown)


def _shown(model, name, value):
    field = model._fields[name]
    if name == "is_trial":
        return model.env._("free trial")
    if field.type == "boolean":
        return model.env._("yes") if value else model.env._("no")
    if value is False or value is None:
        return "–"
    if field.type == "many2one":
        record = model.env[field.comodel_name].sudo().browse(value).exists()
        return record.display_name or "–"
    if field.type == "selection":
        return dict(field._description_selection(model.env)).get(value, value)
    if field.type in ("html", "text"):
        text = " ".join(str(value).split())
        return text if len(text) <= LONG_TEXT else f"{text[:LONG_TEXT]}…"
    if name == "sha256":
        return f"SHA-256 {value[:SHORT_DIGEST]}…"
    if field.type == "float" and name == "discount":
        return f"{value} %"
    if name == "advance_percent":
        return model.env._("%(percent)s %% in advance", percent=value)
    if name == "min_spend":
        return model.env._("from a spend of %(amount)s", amount=value)
    return str(value) or "–"


def _shared_fields(env):
    return env["iaas.contract.terms"]._fields


def _sorted(rows):
    return sorted(rows, key=lambda row: json.dumps(row, sort_keys=True))


def _plain(record, names):
    return {
        name: _plain_value(record, name)
        for name in names
        if name not in LATER_FIELDS or record[name]
    }


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
