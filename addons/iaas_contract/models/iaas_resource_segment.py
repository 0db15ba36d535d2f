from odoo import fields, models

from ..fields import Decimal


class IaasResourceSegment(models.Model):
    """Days during which a resource is the same product in the same quantity.

    A resource that never changed has none. Those of one that did partition its life.
    """

    _name = "iaas.resource.segment"
    _description = "Resource Segment"
    _inherit = ["iaas.decimal.mixin"]
    _order = "resource_id, date_start"
    _check_company_auto = True

    resource_id = fields.Many2one(
        "iaas.resource", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        related="resource_id.company_id", store=True, index=True, precompute=True
    )
    contract_id = fields.Many2one(
        related="resource_id.contract_id", store=True, index=True, precompute=True
    )
    kind = fields.Selection(
        [
            ("start", "Start"),
            ("resize", "Resize"),
            ("product", "Change of product"),
            ("suspend", "Suspend"),
            ("resume", "Resume"),
        ],
        string="Began with",
        required=True,
    )
    product_id = fields.Many2one(
        "product.product", required=True, ondelete="restrict", check_company=True
    )
    quantity = Decimal(required=True)
    is_suspended = fields.Boolean(string="Suspended")
    date_start = fields.Date(string="From", required=True)
    date_end = fields.Date(string="To", help="Last day, included. Empty: open.")
    currency_id = fields.Many2one(related="company_id.currency_id")
    monthly_fee = fields.Monetary(
        help="Untaxed, in the company's currency, by the terms of the first day.",
    )
    reason = fields.Char()

    _no_overlap = models.Constraint(
        "EXCLUDE USING gist (resource_id WITH =, "
        "daterange(date_start, date_end, '[]') WITH &&)",
        "Two segments of a resource overlap in time.",
    )
    _date_order = models.Constraint(
        "CHECK (date_end >= date_start)",
        "The last day of a segment cannot be before its first day.",
    )
    _quantity_positive = models.Constraint(
        "CHECK (quantity > 0)", "The quantity of a segment must be above zero."
    )

    def _set_monthly_fee(self):
        """Keep what the segment costs a month by the contract's terms of its start."""
        for segment in self:
            contract, day = segment.contract_id, segment.date_start
            fee = 0
            if not segment.is_suspended:
                fee = segment.resource_id._get_monthly_amount(
                    segment.product_id, segment.quantity, day
                )
            segment.monthly_fee = contract.currency_id._convert(
                float(fee or 0), segment.currency_id, segment.company_id, day
            )
