from odoo import fields, models

from ..fields import Decimal

# Days each step takes when the tier of the customer does not say otherwise.
STAGE_DAYS = {"review": 5, "approval": 3, "sent": 2, "signed": 30}
ESCALATION_DAYS = 5
RENEWAL_NOTICE_DAYS = 60


class IaasCustomerTier(models.Model):
    """How long the contracts of a class of customers may take, step by step."""

    _name = "iaas.customer.tier"
    _inherit = ["iaas.customer.tier", "iaas.decimal.mixin"]

    stage_days_review = fields.Integer(
        string="Days to Review",
        default=STAGE_DAYS["review"],
        help="Days from the first draft until the contract goes to review.",
    )
    stage_days_approval = fields.Integer(
        string="Days to Approval",
        default=STAGE_DAYS["approval"],
        help="Days from the review until the contract waits for approval.",
    )
    stage_days_sent = fields.Integer(
        string="Days to Sending",
        default=STAGE_DAYS["sent"],
        help="Days until the approved contract is sent to the customer.",
    )
    stage_days_signed = fields.Integer(
        string="Days to Signature",
        default=STAGE_DAYS["signed"],
        help="Days from sending until the customer's signature.",
    )
    escalation_days = fields.Integer(
        string="Escalate After",
        default=ESCALATION_DAYS,
        help="Days a step may be late before the manager is asked to step in.",
    )
    escalation_user_id = fields.Many2one(
        "res.users",
        string="Escalate To",
        domain=[("share", "=", False)],
        help="Who is asked to step in. Empty: the leader of the owner's sales team.",
    )

    renewal_uplift = Decimal(
        string="Raise on Renewal (%)",
        help="By how much the prices of a renewal are proposed to rise.",
    )

    _stage_days_positive = models.Constraint(
        "CHECK (LEAST(stage_days_review, stage_days_approval, stage_days_sent,"
        " stage_days_signed, escalation_days) >= 0)",
        "The planned days of a tier cannot be negative.",
    )
