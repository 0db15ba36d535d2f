from markupsafe import Markup

from odoo import models
from odoo.fields import Domain
from odoo.tools.misc import get_lang

from odoo.addons.iaas_contract.pricing import round_half_up

from ..exports import Bar, draw_bars

#: Lines that the PDF shows, the largest; the detail file has them all.
_PAPER_LINES = 500
_REPORT = "iaas_billing.action_report_statement"


class IaasStatement(models.Model):
    """The statement as PDF: what it comes to, of what, and when it is due."""

    _inherit = "iaas.statement"

    def _export_pdf(self):
        report = self.env["ir.actions.report"].with_company(self.company_id)
        content, _type = report._render_qweb_pdf(_REPORT, self.ids)
        return self._file_name("pdf"), "application/pdf", content

    def _get_paper_lang(self):
        """The language in which the customer reads."""
        return get_lang(self.env, self.partner_id.lang)

    def _get_paper(self):
        """What the PDF shows besides the fields of the statement."""
        return self._get_sums() | {"families": self._get_report_families()}

    def _get_sums(self):
        """What the lines come to, with discount, deductions and taxes, as the customer
        is told it."""
        self.ensure_one()
        [(listed, waived, most, least)] = self.env["iaas.statement.line"]._read_group(
            self._get_own_lines_domain(),
            aggregates=[
                "list_amount:sum",
                "amount_waived:sum",
                "discount_percent:max",
                "discount_percent:min",
            ],
        )
        listed = self.currency_id.round(listed or 0)
        is_discounted = not self.correction_of_id and bool(most or least)
        # As superuser: who may read the statement is told what is to be paid for it.
        statement = self.sudo()
        taxes = {}
        for name, amount in statement._get_taxes():
            taxes[name] = taxes.get(name, 0) + amount
        return {
            "is_discounted": is_discounted,
            "listed": listed,
            "discount": self.amount_period - listed,
            "waived": waived or 0,
            "deducted": self._get_deducted(),
            "taxes": list(taxes.items()),
            "move": statement.move_id,
        }

    def _get_own_lines_domain(self):
        """The lines that charge something; the others deduct what was billed in
        advance."""
        return Domain("statement_id", "=", self.id) & Domain(
            "settles_line_id", "=", False
        )

    def _get_report_families(self):
        """The lines by family, the largest first. Of a large statement the many small
        ones are one row per family."""
        Line = self.env["iaas.statement.line"]
        own = self._get_own_lines_domain()
        # Of a credit the largest are those below zero.
        direction = "" if self.amount_period < 0 else " desc"
        shown = Line.search(
            own, order=f"amount{direction}, id", limit=_PAPER_LINES
        ).grouped("family_id")
        families = []
        for family, amount, listed, count in Line._read_group(
            own,
            ["family_id"],
            ["amount:sum", "list_amount:sum", "__count"],
            order=f"amount:sum{direction}",
        ):
            lines = shown.get(family, Line)
            families.append(
                {
                    "family": family,
                    "amount": amount,
                    "listed": listed,
                    "lines": lines,
                    "more": count - len(lines),
                    "more_amount": amount - sum(lines.mapped("amount")),
                }
            )
        return families

    def _get_deducted(self):
        """What was billed in advance and is deducted, by what billed it."""
        lines = self._search_lines([("settles_line_id", "!=", False)])
        by_advance = lines.grouped(lambda line: line.settles_line_id.statement_id)
        return [
            {"advance": advance, "amount": sum(part.mapped("amount"))}
            for advance, part in by_advance.items()
        ]

    def _get_family_amounts(self):
        """``{family: amount}`` of what is charged."""
        return dict(
            self.env["iaas.statement.line"]._read_group(
                self._get_own_lines_domain(), ["family_id"], ["amount:sum"]
            )
        )

    def _draw_chart(self, amounts=None):
        """The amounts by family as SVG."""
        self.ensure_one()
        if amounts is None:
            amounts = self._get_family_amounts()
        digits = self.currency_id.decimal_places
        bars = [
            Bar(
                family.name,
                round_half_up(str(amount), digits),
                self.currency_id.format(amount),
            )
            for family, amount in amounts.items()
        ]
        bars.sort(key=lambda bar: -abs(bar.value))
        # The drawing escapes all text that it is given.
        return Markup(draw_bars(bars[:10], self.env._("Amounts by family")))  # noqa: S704
