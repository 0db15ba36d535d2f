from decimal import Decimal, localcontext

from odoo import models
from odoo.exceptions import AccessError

from odoo.addons.iaas_contract.pricing import round_half_up
from odoo.addons.iaas_contract.pricing.numbers import ZERO

from ..exports import FOCUS_COLUMNS, focus_row, number_text, write_csv

_BATCH_SIZE = 1000
_UNIT_PRICE_DIGITS = 12
_FREQUENCY = {"usage": "Usage-Based", "recurring": "Recurring"}


class IaasStatement(models.Model):
    """The statement as files: PDF, detail as CSV and XLSX, and here FOCUS 1.2."""

    _inherit = "iaas.statement"

    def _get_export_formats(self):
        """The methods that write each format."""
        return {
            "pdf": self._export_pdf,
            "csv": self._export_csv,
            "xlsx": self._export_xlsx,
            "focus": self._export_focus,
        }

    def _export(self, file_format):
        """Write the statement as a file.

        :return: name, media type and content of the file
        """
        self.ensure_one()
        return self._get_export_formats()[file_format]()

    def action_export(self):
        """Download the statement in the format that the context names."""
        self.ensure_one()
        if not self.has_access("read"):
            raise AccessError(self.env._("You may not read this statement."))
        file_format = self.env.context.get("file_format", "csv")
        return {
            "type": "ir.actions.act_url",
            "target": "self",
            "url": f"/my/statements/{self.id}/{file_format}",
        }

    def _file_name(self, extension):
        name = self.name.replace("/", "-")
        return f"{name}_{self.date_from}_{self.date_to}.{extension}"

    def _read_lines(self):
        """Yield the lines in batches that leave memory again."""
        Line = self.env["iaas.statement.line"]
        line_ids = Line.search([("statement_id", "=", self.id)]).ids
        for start in range(0, len(line_ids), _BATCH_SIZE):
            lines = Line.browse(line_ids[start : start + _BATCH_SIZE])
            yield from lines
            lines.invalidate_recordset(flush=False)

    # ------------------------------------------------------------------
    # FOCUS
    # ------------------------------------------------------------------

    def _export_focus(self):
        shared = self._get_focus_shared()
        rows = (focus_row(values) for values in self._get_focus_values(shared))
        content = write_csv(FOCUS_COLUMNS, rows, cell=str)
        return self._file_name("focus.csv"), "text/csv", content

    def _get_focus_values(self, shared):
        for line in self._read_lines():
            yield shared | self._get_focus_line(line)
        for name, amount in self._get_taxes():
            yield shared | {
                "BilledCost": amount,
                "EffectiveCost": amount,
                "ListCost": amount,
                "ContractedCost": amount,
                "ChargeCategory": "Tax",
                "ChargeDescription": name,
                "ChargeFrequency": "One-Time",
                "ChargePeriodStart": self.period_start,
                "ChargePeriodEnd": self.period_end,
                "ServiceCategory": "Other",
                "ServiceSubcategory": "Other (Other)",
                "ServiceName": name,
            }

    def _get_focus_shared(self):
        """What all rows of the statement have in common."""
        provider = self.company_id.name
        customer = self.partner_id.commercial_partner_id
        return {
            "BillingAccountId": f"customer-{customer.ref or customer.id}",
            "BillingAccountName": customer.name,
            "BillingAccountType": "Customer",
            "BillingCurrency": self.currency_id.name,
            "PricingCurrency": self.currency_id.name,
            "BillingPeriodStart": self.period_start,
            "BillingPeriodEnd": self.period_end,
            "ChargeClass": "Correction" if self.correction_of_id else None,
            "InvoiceId": self.move_id.name or None,
            "InvoiceIssuerName": provider,
            "ProviderName": provider,
            "PublisherName": provider,
            "SubAccountId": self.contract_id.name,
            "SubAccountName": self.contract_id.title or self.contract_id.name,
            "SubAccountType": "Contract",
            "x_StatementId": self.name,
        }

    def _get_focus_line(self, line):
        amount = line._rounded_amount()
        start, end = line._get_instants()
        # What is rented is used; only a shortfall pays for nothing.
        is_usage = bool(line.resource_id)
        category = line.product_id.categ_id._get_focus_category()
        unit = line.uom_id.name or "Units"
        listed = line.list_amount
        charge, effective = "Usage" if is_usage else "Adjustment", amount
        if line.kind == "advance" or line.settles_line_id:
            # Bought here and deducted there; what takes effect is the service.
            charge = "Adjustment" if line.settles_line_id else "Purchase"
            is_usage, effective = False, ZERO
        return {
            "BilledCost": amount,
            "EffectiveCost": effective,
            "ListCost": _at_digits(listed),
            "ContractedCost": _at_digits(line.amount_exact),
            "ListUnitPrice": _per_unit(listed, line.quantity),
            "ContractedUnitPrice": _per_unit(line.amount_exact, line.quantity),
            "PricingCurrencyListUnitPrice": _per_unit(listed, line.quantity),
            "PricingCurrencyContractedUnitPrice": _per_unit(
                line.amount_exact, line.quantity
            ),
            "PricingCurrencyEffectiveCost": effective,
            "PricingCategory": "Standard",
            "PricingQuantity": line.quantity,
            "PricingUnit": unit,
            "ConsumedQuantity": line.quantity if is_usage else None,
            "ConsumedUnit": unit if is_usage else None,
            "ChargeCategory": charge,
            "ChargeDescription": line._name_text(),
            "ChargeFrequency": _FREQUENCY.get(line.charge_kind, "One-Time"),
            "ChargePeriodStart": start,
            "ChargePeriodEnd": end,
            "ResourceId": line.resource_id.external_ref or None,
            "ResourceName": line.resource_id.name or None,
            "ResourceType": line.family_id.name if line.resource_id else None,
            "ServiceCategory": category,
            "ServiceSubcategory": f"Other ({category})",
            "ServiceName": line.family_id.name,
            "SkuId": str(line.product_id.default_code or line.product_id.id),
            "SkuMeter": line.meter_id.code or line.product_id.name,
            "SkuPriceId": str(line.price_id.id or line.product_id.id),
            "Tags": {},
            "x_ContractVersion": line.contract_version_id.display_name or None,
        }

    def _get_taxes(self):
        """Name and amount of the taxes on the invoice, in the statement's sign."""
        # An invoice may have many lines, and each has very many columns.
        lines = self.env["account.move.line"].search_fetch(
            [("move_id", "=", self.move_id.id), ("tax_line_id", "!=", False)],
            ["tax_line_id", "amount_currency"],
        )
        for line in lines if self.move_id else ():
            amount = -round_half_up(
                str(line.amount_currency), self.currency_id.decimal_places
            )
            yield line.tax_line_id.name, amount


def _at_digits(amount):
    return Decimal(number_text(round_half_up(amount, _UNIT_PRICE_DIGITS)))


def _per_unit(amount, quantity):
    """The price of one unit; null where nothing was counted."""
    if not quantity:
        return None
    with localcontext() as context:
        context.prec = 40
        return _at_digits(amount / quantity)
