from odoo import api, fields, models


class IaasCustomerTier(models.Model):
    """How the contracts of a class of customers are signed."""

    _inherit = "iaas.customer.tier"

    signing_route = fields.Selection(
        [("online", "Online"), ("offline", "On Paper")],
        string="Contracts Are Signed",
        compute="_compute_signing_route",
        store=True,
        readonly=False,
        required=True,
        precompute=True,
        help="Online: in the portal. On paper: printed, signed, scanned and compared. "
        "A contract can be signed in the other way, too.",
    )

    @api.depends("service_model")
    def _compute_signing_route(self):
        for tier in self:
            one_to_one = tier.service_model == "one_to_one"
            tier.signing_route = "offline" if one_to_one else "online"
