from codecs import BOM_UTF8

from odoo import models

from odoo.addons.iaas_contract.pricing import round_half_up

from ..exports import Column, Fact, write_csv, write_xlsx

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class IaasStatement(models.Model):
    """The lines of the statement with all digits, as CSV and as a workbook."""

    _inherit = "iaas.statement"

    def _get_detail_columns(self):
        """The columns of ``_get_detail_row``."""
        columns = [
            Column(self.env._("Statement"), 13),
            Column(self.env._("Corrects"), 13),
            Column(self.env._("Settles"), 13),
            Column(self.env._("Family"), 20),
            Column(self.env._("Product"), 30),
            Column(self.env._("Charge"), 18),
            Column(self.env._("Resource"), 28),
            Column(self.env._("Reference"), 16),
            Column(self.env._("Dimensions"), 18),
            Column(self.env._("Meter"), 18),
            Column(self.env._("From"), 11),
            Column(self.env._("To"), 11),
            Column(self.env._("Quantity"), 14, "quantity"),
            Column(self.env._("Unit"), 10),
            Column(self.env._("Price"), 34),
            Column(self.env._("Price Version"), 9),
            Column(self.env._("Contract Version"), 17),
            Column(self.env._("Discount %"), 10, "quantity"),
            Column(self.env._("List Amount"), 16, "exact", True),
            Column(self.env._("Exact Amount"), 16, "exact", True),
            Column(self.env._("Amount"), 15, "money", True),
            Column(self.env._("Currency"), 9),
        ]
        if self.correction_of_id:
            columns += [
                Column(self.env._("Quantity Posted"), 14, "quantity"),
                Column(self.env._("Exact Amount Posted"), 16, "exact", True),
                Column(self.env._("Not Charged"), 14, "money", True),
            ]
        return columns

    def _get_detail_row(self, line):
        row = [
            self.name,
            self.correction_of_id.name or "",
            line.settles_line_id.statement_id.name or "",
            line.family_id.name or "",
            line.product_id.display_name,
            self._get_charge_text(line),
            line.resource_id.name or "",
            line.resource_id.external_ref or "",
            line.dimension_text or "",
            line.meter_id.code or "",
            line.segment_start,
            line.segment_end,
            line.quantity,
            line.uom_id.name or "",
            line.price_id.display_name or "",
            f"{line.price_id.id or ''}",
            line.contract_version_id.display_name or "",
            line.discount_percent,
            line.list_amount,
            line.amount_exact,
            line._rounded_amount(),
            self.currency_id.name,
        ]
        if self.correction_of_id:
            row += [
                line.quantity_posted,
                line.exact_posted,
                self._to_exact(line.amount_waived),
            ]
        return row

    def _get_charge_text(self, line):
        text = dict(line._fields["charge_kind"]._description_selection(self.env))[
            line.charge_kind
        ]
        if self.kind == "advance":
            return self.env._("%(charge)s, in advance", charge=text)
        return text

    def _export_csv(self):
        titles = [column.title for column in self._get_detail_columns()]
        rows = map(self._get_detail_row, self._read_lines())
        # By the mark Excel knows that it is UTF-8.
        content = BOM_UTF8 + write_csv(titles, rows)
        return self._file_name("csv"), "text/csv", content

    def _export_xlsx(self):
        content = write_xlsx(
            self._get_facts(),
            [self.env._("Statement"), self.env._("Lines"), self.env._("Total")],
            self._get_detail_columns(),
            map(self._get_detail_row, self._read_lines()),
            self.currency_id.decimal_places,
        )
        return self._file_name("xlsx"), _XLSX, content

    # ------------------------------------------------------------------
    # The first sheet of the workbook
    # ------------------------------------------------------------------

    def _get_facts(self):
        """What the statement is and what it comes to, row by row."""
        paper = self._get_paper()
        currency = self.currency_id.name
        head = (
            self.env._("Product Group"),
            self.env._("Lines"),
            self.env._("List Amount (%(currency)s)", currency=currency),
            self.env._("Amount (%(currency)s)", currency=currency),
        )
        if not paper["is_discounted"]:
            head = head[:2] + head[3:]
        facts = [
            Fact("title", (self._get_kind_text(),)),
            *(Fact("fact", fact) for fact in self._get_head_facts(paper["move"])),
            Fact("row", ()),
            Fact("head", head),
        ]
        for family in paper["families"]:
            amounts = [self._to_exact(family["amount"])]
            if paper["is_discounted"]:
                amounts.insert(0, self._to_exact(family["listed"]))
            count = len(family["lines"]) + family["more"]
            facts.append(Fact("row", (family["family"].name, count, *amounts)))
        gap = ("",) * (len(head) - 2)
        for kind, text, amount in self._get_totals(paper):
            facts.append(Fact(kind, (text, *gap, self._to_exact(amount))))
        return facts

    def _get_head_facts(self, move):
        posted = dict(self._fields["state"]._description_selection(self.env))
        yield self.env._("Number"), self.name
        yield self.env._("Status"), posted[self.state]
        if self.correction_of_id:
            yield self.env._("Corrects"), self.correction_of_id.name
            if self.correction_kind != "usage":
                yield self.env._("Reason"), self.correction_reason or ""
        yield self.env._("Customer"), self.partner_id.display_name
        yield self.env._("Contract"), self.contract_id.display_name
        yield self.env._("First Day"), self.date_from
        yield self.env._("Last Day"), self.date_to
        yield self.env._("Time Zone"), self.timezone
        yield self.env._("Currency"), self.currency_id.name
        if move:
            yield self.env._("Invoice"), move.name
            yield self.env._("Invoice Date"), move.invoice_date
            if move.move_type == "out_invoice":
                yield self.env._("Due"), move.invoice_date_due

    def _get_totals(self, paper):
        if paper["deducted"]:
            yield "total", self.env._("The period comes to"), self.amount_period
            for part in paper["deducted"]:
                text = self.env._(
                    "Less billed in advance by %(advance)s",
                    advance=part["advance"].name,
                )
                yield "row", text, part["amount"]
        yield "total", self.env._("Total before tax"), self.amount_untaxed
        if paper["move"]:
            for name, amount in paper["taxes"]:
                yield "row", name, amount
            total = paper["move"].amount_total_in_currency_signed
            yield "total", self.env._("Total with tax"), total

    def _get_kind_text(self):
        if self.correction_kind == "credit":
            return self.env._("Agreed Credit")
        if self.correction_of_id:
            return self.env._("Correction Statement")
        if self.kind == "advance":
            return self.env._("Statement in Advance")
        return self.env._("Statement")

    def _to_exact(self, amount):
        """A monetary amount as an exact number."""
        return round_half_up(str(amount), self.currency_id.decimal_places)
