from datetime import date

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..fields import Decimal

# Ten years in days, and a hundred years in months.
LONGEST_NOTICE = 3650
LONGEST_TERM = 1200


class IaasContractTerms(models.AbstractModel):
    """The terms that an amendment may change, as the contract has them and as a
    version proposes them. The models add company and currency."""

    _name = "iaas.contract.terms"
    _description = "Terms of a Framework Contract"
    _inherit = ["iaas.contract.timing"]

    date_end = fields.Date(
        string="Last Day",
        tracking=True,
        help="Last day of the term, included. Empty: until terminated.",
    )
    notice_days = fields.Integer(
        string="Notice (days)",
        tracking=True,
        help="Days before the last day until which either side may give notice.",
    )
    auto_renew = fields.Boolean(
        string="Renews Itself",
        tracking=True,
        help="Without notice in time the term goes on by itself.",
    )
    renew_months = fields.Integer(
        string="Renews for (months)",
        default=12,
        tracking=True,
        help="By how much the term goes on when the contract renews itself.",
    )
    payment_term_id = fields.Many2one(
        "account.payment.term", string="Payment Terms", check_company=True
    )
    payer_id = fields.Many2one(
        "res.partner",
        check_company=True,
        tracking=True,
        help="Who gets and pays the invoices. Empty: the customer.",
    )
    credit_limit_amount = Decimal(
        string="Credit Limit",
        tracking=True,
        help="The most that the customer may owe under this contract. 0: no limit.",
    )
    deposit_amount = Decimal(
        string="Deposit", tracking=True, help="What the customer leaves as a security."
    )
    commitment_amount = Decimal(
        string="Commitment",
        tracking=True,
        help="What the customer undertakes to buy per settlement period, before tax. "
        "0: nothing.",
    )
    shortfall_rule = fields.Selection(
        [
            ("none", "Nothing is due"),
            ("period", "Due at the end of each period"),
            ("term", "Due at the end of the term"),
        ],
        string="Shortfall",
        default="none",
        required=True,
        tracking=True,
        help="What is missing from the commitment is billed as a shortfall: with the "
        "statement of the period, or with the last one of the term for all its periods "
        "together. In a period that is cut short the commitment counts by days.",
    )
    billing_timing = fields.Selection(
        default="after",
        required=True,
        tracking=True,
        help="When recurring and one-time fees are due. Before the service they are "
        "invoiced at the beginning of each settlement period, as they stand then; the "
        "statement after the period settles that. Usage is billed after the service. "
        "A discount line may say otherwise for its services.",
    )
    advance_percent = Decimal(tracking=True)
    service_level = fields.Char(
        tracking=True, help="What is promised, for example 99.95 % a month."
    )
    catalogue_id = fields.Many2one(
        "iaas.catalogue",
        string="Service Catalogue",
        check_company=True,
        tracking=True,
        help="The products that may be ordered under this contract. "
        "Empty: every IaaS product.",
    )
    note = fields.Html(string="Terms and Conditions")

    _terms_positive = models.Constraint(
        "CHECK (credit_limit_amount >= 0 AND deposit_amount >= 0 "
        "AND commitment_amount >= 0 AND notice_days >= 0)",
        "Credit limit, deposit, commitment and notice cannot be below zero.",
    )
    _renews_by_months = models.Constraint(
        "CHECK (NOT auto_renew OR renew_months > 0)",
        "A contract that renews itself does so for at least one month.",
    )

    @api.constrains("shortfall_rule", "commitment_amount", "date_end")
    def _check_term_to_settle(self):
        for terms in self:
            if (
                terms.commitment_amount
                and terms.shortfall_rule == "term"
                and (not terms.date_end or terms.date_end == date.max)
            ):
                raise ValidationError(
                    self.env._(
                        "%(contract)s has no last day, so a shortfall can't be settled "
                        "at the end of its term. Settle it each period, or give the "
                        "contract a last day.",
                        contract=terms.display_name,
                    )
                )

    @api.constrains("notice_days", "renew_months")
    def _check_countable(self):
        for terms in self:
            if terms.notice_days > LONGEST_NOTICE or terms.renew_months > LONGEST_TERM:
                raise ValidationError(
                    self.env._(
                        "%(contract)s: enter at most %(days)s days of notice and at "
                        "most %(months)s months of renewal.",
                        contract=terms.display_name,
                        days=LONGEST_NOTICE,
                        months=LONGEST_TERM,
                    )
                )

    @api.constrains("auto_renew", "date_end")
    def _check_renews_a_term(self):
        for terms in self:
            if terms.auto_renew and not terms.date_end:
                raise ValidationError(
                    self.env._(
                        "%(contract)s has no last day, so there is nothing to renew.",
                        contract=terms.display_name,
                    )
                )
