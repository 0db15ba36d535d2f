from odoo import api, models


class IaasContract(models.Model):
    """Periods that a void has opened again are billed like any other."""

    _inherit = "iaas.contract"

    @api.depends("statement_ids.state")
    def _compute_next_billing_date(self):
        return super()._compute_next_billing_date()

    def _unbilled_periods(self):
        if self.billed_until:
            yield from self._reopened_periods()
        yield from super()._unbilled_periods()

    def _reopened_periods(self):
        """The voided periods before the last billed instant without a statement that
        replaces them."""
        regular = self.sudo().statement_ids.filtered(
            lambda statement: (
                statement.kind == "regular" and not statement.correction_of_id
            )
        )
        posted = {
            (statement.period_start, statement.period_end)
            for statement in regular
            if statement.state == "posted"
        }
        voided = {
            (statement.period_start, statement.period_end)
            for statement in regular
            if statement.state == "void" and statement.period_end <= self.billed_until
        }
        yield from sorted(voided - posted)
