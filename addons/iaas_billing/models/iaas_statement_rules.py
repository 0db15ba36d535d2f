from odoo import fields, models


class IaasStatementRules(models.AbstractModel):
    """What a statement passes through before it is posted: set on the company, and on
    a customer tier that has rules of its own."""

    _name = "iaas.statement.rules"
    _description = "Rules of statements"

    statement_grace_days = fields.Integer(
        string="Grace",
        help="Days after the end of a period in which its usage may still come in. "
        "The statement stays a draft until then.",
    )
    statement_review = fields.Boolean(
        string="Review",
        help="A person of billing approves each statement before it goes on.",
    )
    statement_confirmation = fields.Selection(
        [
            ("none", "Not asked"),
            ("silent", "Asked, silence is consent"),
            ("explicit", "Asked, required"),
        ],
        string="Customer Confirmation",
        default="none",
        required=True,
    )
    statement_confirm_days = fields.Integer(
        string="Days to Confirm",
        default=10,
        help="Days that the customer has to confirm or dispute a statement.",
    )

    statement_due_days = fields.Integer(
        string="Posted within",
        default=10,
        help="Days after the end of a period in which its statement has to be posted "
        "to be on time.",
    )
    statement_outlier_percent = fields.Integer(
        string="Outlier from",
        default=50,
        help="A statement that differs by so many percent from the period before, by "
        "day, is marked as an outlier. 0: none is.",
    )

    _statement_days_positive = models.Constraint(
        "CHECK (statement_grace_days >= 0 AND statement_confirm_days >= 0 "
        "AND statement_due_days >= 0 AND statement_outlier_percent >= 0)",
        "Days and percentages of the rules of statements are not negative.",
    )
