from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

ACTIVITY = "iaas_billing.mail_activity_type_dispute"


class IaasStatementDispute(models.Model):
    """What a customer does not accept: one line, with a reason, an owner and a due
    date (R67)."""

    _name = "iaas.statement.dispute"
    _description = "Statement Dispute"
    _inherit = ["iaas.gated.mixin", "mail.thread", "mail.activity.mixin"]
    _order = "state, date_due, id"
    _check_company_auto = True

    # Customers may not read products, but know what they rent by name.
    display_name = fields.Char(compute_sudo=True)
    line_id = fields.Many2one(
        "iaas.statement.line",
        required=True,
        index=True,
        ondelete="cascade",
    )
    statement_id = fields.Many2one(
        related="line_id.statement_id", store=True, index=True, precompute=True
    )
    company_id = fields.Many2one(
        related="statement_id.company_id", store=True, precompute=True
    )
    partner_id = fields.Many2one(
        related="statement_id.partner_id", store=True, precompute=True
    )
    contract_id = fields.Many2one(
        related="statement_id.contract_id", store=True, precompute=True
    )
    currency_id = fields.Many2one(related="statement_id.currency_id")
    product_id = fields.Many2one(related="line_id.product_id")
    resource_id = fields.Many2one(related="line_id.resource_id")
    amount = fields.Monetary(related="line_id.amount", string="Disputed Amount")
    reason = fields.Text(required=True)
    raised_by_id = fields.Many2one(
        "res.partner",
        string="Raised by",
        default=lambda self: self.env.user.partner_id,
    )
    user_id = fields.Many2one(
        "res.users",
        string="Owner",
        required=True,
        index=True,
        tracking=True,
        compute="_compute_user_id",
        store=True,
        readonly=False,
        precompute=True,
    )
    date_due = fields.Date(
        string="Answer Due",
        required=True,
        tracking=True,
        default=lambda self: fields.Date.context_today(self) + timedelta(days=5),
    )
    state = fields.Selection(
        [
            ("open", "Open"),
            ("accepted", "Accepted"),
            ("rejected", "Rejected"),
            ("void", "Statement Voided"),
        ],
        string="Status",
        default="open",
        required=True,
        readonly=True,
        copy=False,
        tracking=True,
        index=True,
    )
    answer = fields.Text(readonly=True, copy=False)
    credit_amount = fields.Monetary(
        string="Credited", readonly=True, copy=False, help="Before tax."
    )
    credit_id = fields.Many2one(
        "iaas.statement",
        string="Credit Statement",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
    )

    _open_unique = models.UniqueIndex(
        "(line_id) WHERE state = 'open'", "This line is in dispute already."
    )

    @api.depends("line_id")
    def _compute_user_id(self):
        for dispute in self:
            statement = dispute.line_id.statement_id.sudo()
            dispute.user_id = (
                dispute.user_id
                or statement.run_id._get_able(
                    statement.company_id,
                    statement.contract_id.user_id,
                    statement.run_id.user_id,
                )
                or self.env.user
            )

    @api.depends("statement_id.name", "product_id")
    def _compute_display_name(self):
        for dispute in self:
            dispute.display_name = (
                f"{dispute.statement_id.name}: {dispute.product_id.display_name}"
            )

    @api.model
    def _get_gated_fields(self):
        return super()._get_gated_fields() | {
            # They follow from the line; portal and company rules go by them.
            "statement_id",
            "company_id",
            "partner_id",
            "contract_id",
            "state",
            "answer",
            "credit_amount",
            "credit_id",
        }

    @api.model_create_multi
    def create(self, vals_list):
        self.flush_model(["state"])  # for the unique index of open ones
        disputes = super().create(vals_list)
        for dispute in disputes:
            if dispute.statement_id.state not in ("sent", "posted"):
                raise UserError(
                    self.env._(
                        "%(statement)s has not been sent to the customer: nothing to "
                        "dispute yet.",
                        statement=dispute.statement_id.name,
                    )
                )
            if dispute.line_id.kind == "advance" or dispute.line_id.settles_line_id:
                raise UserError(
                    self.env._(
                        "What was billed in advance is settled by the statement of its "
                        "period: dispute what that charges for the service."
                    )
                )
            dispute.activity_schedule(
                ACTIVITY, date_deadline=dispute.date_due, user_id=dispute.user_id.id
            )
            dispute.statement_id.sudo().message_post(
                body=self.env._(
                    "%(product)s is disputed: %(reason)s",
                    product=dispute.product_id.display_name,
                    reason=dispute.reason,
                )
            )
        return disputes

    def write(self, vals):
        if {"line_id", "reason"} & vals.keys():
            for dispute in self:
                if any(
                    dispute._changes(name, vals[name])
                    for name in ("line_id", "reason")
                    if name in vals
                ):
                    raise UserError(
                        self.env._("What was disputed stays as the customer wrote it.")
                    )
        moved = self.browse()
        if "user_id" in vals:
            moved = self.filtered(lambda dispute: dispute.user_id.id != vals["user_id"])
        result = super().write(vals)
        if moved:
            moved.activity_ids.user_id = vals["user_id"]
        if vals.get("date_due"):
            self.activity_ids.date_deadline = vals["date_due"]
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_never_answered(self):
        if any(dispute.state != "open" for dispute in self):
            raise UserError(
                self.env._("An answered dispute is kept: it explains the statement.")
            )

    # ------------------------------------------------------------------
    # Answers
    # ------------------------------------------------------------------

    def action_accept(self):
        """Ask for the answer and, once posted, for what is credited."""
        self.ensure_one()
        return self.env["iaas.statement.reason"]._ask(self, "accept")

    def action_reject(self):
        """Ask why the amount stands."""
        self.ensure_one()
        return self.env["iaas.statement.reason"]._ask(self, "reject")

    def _reject(self, answer):
        self._check_open()
        self.sudo()._answer("rejected", answer)

    def _accept(self, answer, amount=0):
        """The customer is right.

        Before posting the statement becomes a draft again, so that what was wrong can
        be mended. After posting the amount is credited.

        :param amount: what to credit before tax; nothing when the period is to be
            rated again instead
        """
        self.ensure_one()
        self._check_open()
        statement = self.statement_id
        if amount:
            statement._check_manager()
            self.sudo()._credit(answer, amount)
        self.sudo()._answer("accepted", answer)
        if statement.state == "sent":
            statement.action_take_back()

    def _check_open(self):
        self.check_access("write")
        for dispute in self:
            if dispute.state != "open":
                raise UserError(
                    self.env._("%(name)s is answered.", name=dispute.display_name)
                )

    def _answer(self, state, answer):
        self.write({"state": state, "answer": answer})
        self.activity_feedback([ACTIVITY], feedback=answer)

    def _credit(self, reason, amount):
        line = self.line_id
        left = line._get_creditable()
        if (
            amount < 0
            or self.currency_id.compare_amounts(amount, left) > 0
            or self.statement_id.state != "posted"
        ):
            raise UserError(
                self.env._(
                    "Of a posted line at most its amount less earlier credits and "
                    "corrections can be credited: %(amount)s.",
                    amount=self.currency_id.format(left),
                )
            )
        statement = self.statement_id.correction_of_id or self.statement_id
        credit = statement._make_credit(line, amount, reason)
        self.write({"credit_amount": amount, "credit_id": credit.id})

    def _leave_with_line(self):
        """Their lines are rated no longer: what was said stays in the log."""
        states = dict(self._fields["state"]._description_selection(self.env))
        for dispute in self:
            dispute.statement_id.message_post(
                body=self.env._(
                    "Dispute of %(product)s, which is charged no longer "
                    "(%(state)s): %(reason)s %(answer)s",
                    product=dispute.product_id.display_name,
                    state=states[dispute.state],
                    reason=dispute.reason,
                    answer=dispute.answer or "",
                )
            )
        self.activity_unlink([ACTIVITY])

    def _close_by_void(self):
        still_open = self.filtered(lambda dispute: dispute.state == "open")
        still_open._answer("void", self.env._("The statement was voided."))
