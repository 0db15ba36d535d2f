from odoo import api, fields, models

from ..fields import ZERO, Decimal


class IaasContractTiming(models.AbstractModel):
    """When fees are due: after the service, before it, or a share of them before it
    (R92). Who bills acts upon it."""

    _name = "iaas.contract.timing"
    _description = "Billing Timing"
    _inherit = ["iaas.decimal.mixin"]

    billing_timing = fields.Selection(
        [
            ("after", "After the service"),
            ("before", "Before the service"),
            ("share", "A share before the service"),
        ],
    )
    advance_percent = Decimal(
        string="In Advance (%)",
        help="The share of the fees that is due before the service.",
    )

    _advance_range = models.Constraint(
        "CHECK (CASE WHEN billing_timing = 'share' "
        "THEN COALESCE(advance_percent, 0) > 0 AND advance_percent <= 100 "
        "ELSE COALESCE(advance_percent, 0) = 0 END)",
        "Fees of which a share is due before the service need that share: above 0 and "
        "up to 100 %. Any other billing timing goes without.",
    )

    @api.onchange("billing_timing")
    def _onchange_billing_timing(self):
        if self.billing_timing != "share":
            self.advance_percent = ZERO

    def _timing_text(self):
        """When fees are due, for people."""
        self.ensure_one()
        if self.billing_timing == "share":
            return self.env._(
                "%(percent)s %% before the service, the rest after it",
                percent=f"{self.advance_percent.normalize():f}",
            )
        labels = dict(self._fields["billing_timing"]._description_selection(self.env))
        return labels.get(self.billing_timing, "")
