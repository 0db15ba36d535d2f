from collections import defaultdict
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL, format_amount, format_date

ACTIVITY = "iaas_billing.mail_activity_type_promise"
#: Days in which a payment that was entered late still counts as paid in time.
_LATE_ENTRY = timedelta(days=30)


class IaasPaymentPromise(models.Model):
    """What a customer has said it will pay, and by when; whether it did is told by
    the payments (R38, R66)."""

    _name = "iaas.payment.promise"
    _description = "Promise to Pay"
    _inherit = ["iaas.gated.mixin", "mail.thread", "mail.activity.mixin"]
    _order = "date_promised desc, id desc"
    _check_company_auto = True

    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        required=True,
        index=True,
        tracking=True,
        check_company=True,
        domain="['|', ('is_company', '=', True), ('parent_id', '=', False)]",
    )
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
    )
    invoice_ids = fields.Many2many(
        "account.move",
        string="Invoices",
        check_company=True,
        domain="[('move_type', '=', 'out_invoice'), ('state', '=', 'posted'), "
        "('commercial_partner_id', '=', partner_id), "
        "('company_id', '=', company_id)]",
        # Who looks after a customer notes what it promises without seeing invoices.
        groups="account.group_account_invoice,account.group_account_readonly,"
        "sales_team.group_sale_salesman",
        help="Which invoices it is about. Empty: any payment of the customer counts.",
    )
    currency_id = fields.Many2one(
        "res.currency",
        required=True,
        default=lambda self: self.env.company.currency_id,
    )
    amount = fields.Monetary(
        required=True, tracking=True, help="What was promised, with taxes."
    )
    company_currency_id = fields.Many2one(
        related="company_id.currency_id", string="Company Currency"
    )
    amount_company = fields.Monetary(
        string="Amount in Company Currency",
        compute="_compute_amount_company",
        store=True,
        currency_field="company_currency_id",
    )
    date_noted = fields.Date(
        string="Noted on",
        required=True,
        default=fields.Date.context_today,
        help="Payments from this day on count.",
    )
    date_promised = fields.Date(
        string="Promised by",
        required=True,
        index=True,
        tracking=True,
        help="The last day on which it is to be paid.",
    )
    contact_id = fields.Many2one(
        "res.partner",
        string="Who Said It",
        check_company=True,
        domain="[('id', 'child_of', partner_id)]",
    )
    user_id = fields.Many2one(
        "res.users",
        string="Noted by",
        required=True,
        default=lambda self: self.env.user,
        index=True,
    )
    note = fields.Text(help="What was said, and how: by telephone, by mail.")
    amount_paid = fields.Monetary(
        string="Paid in Time", readonly=True, help="By the day, as far as it is known."
    )
    state = fields.Selection(
        [("open", "Open"), ("kept", "Kept"), ("broken", "Broken")],
        string="Status",
        default="open",
        required=True,
        readonly=True,
        copy=False,
        index=True,
        tracking=True,
    )
    date_decided = fields.Date(string="Decided on", readonly=True, copy=False)

    _amount_positive = models.Constraint(
        "CHECK (amount > 0)", "A promise to pay is about an amount above zero."
    )
    _date_order = models.Constraint(
        "CHECK (date_promised >= date_noted)",
        "A promise is for the day on which it was noted, or a later one.",
    )

    # === COMPUTE ===

    @api.depends("partner_id", "amount", "date_promised")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for promise in self:
            if not (promise.partner_id and promise.date_promised):
                promise.display_name = self.env._("New promise")
                continue
            promise.display_name = self.env._(
                "%(customer)s: %(amount)s by %(day)s",
                customer=promise.partner_id.name,
                amount=format_amount(self.env, promise.amount, promise.currency_id),
                day=format_date(self.env, promise.date_promised),
            )

    @api.depends("amount", "currency_id", "company_id", "date_noted")
    def _compute_amount_company(self):
        for promise in self:
            promise.amount_company = promise.currency_id._convert(
                promise.amount,
                promise.company_id.currency_id,
                promise.company_id,
                promise.date_noted or fields.Date.context_today(promise),
            )

    @api.onchange("invoice_ids")
    def _onchange_invoice_ids(self):
        invoices = self.invoice_ids
        if invoices and len(invoices.currency_id) == 1:
            self.currency_id = invoices.currency_id
            self.amount = sum(invoices.mapped("amount_residual"))

    # === CONSTRAINTS ===

    @api.constrains("partner_id", "company_id", "invoice_ids")
    def _check_customer(self):
        for promise in self.sudo():  # whoever notes it may not read the invoices
            partner = promise.partner_id
            if partner != partner.commercial_partner_id:
                raise ValidationError(
                    self.env._(
                        "%(contact)s is a contact: a promise is that of the company, "
                        "%(company)s. Enter the contact as who said it.",
                        contact=partner.display_name,
                        company=partner.commercial_partner_id.display_name,
                    )
                )
            strange = promise.invoice_ids.filtered(
                lambda move, own=promise: (
                    move.move_type != "out_invoice"
                    or move.commercial_partner_id != own.partner_id
                    or move.company_id != own.company_id
                )
            )
            if strange:
                raise ValidationError(
                    self.env._(
                        "%(invoice)s is no invoice of %(company)s to %(customer)s.",
                        invoice=strange[0].display_name,
                        company=promise.company_id.display_name,
                        customer=partner.display_name,
                    )
                )

    # === CRUD ===

    @api.model
    def _get_gated_fields(self):
        return super()._get_gated_fields() | {
            "state",
            "amount_paid",
            "date_decided",
            "user_id",
        }

    def write(self, vals):
        fixed = {
            "partner_id",
            "company_id",
            "invoice_ids",
            "currency_id",
            "amount",
            "date_noted",
            "date_promised",
        } & vals.keys()
        if fixed and not self.env.su:
            today = fields.Date.context_today(self)
            for promise in self:
                if promise.state != "open" or promise.date_promised < today:
                    raise UserError(
                        self.env._(
                            "%(promise)s: its day has come, so it stays as it was "
                            "said. Note a new promise.",
                            promise=promise.display_name,
                        )
                    )
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_decided(self):
        for promise in self:
            if promise.state != "open" and not self.env.su:
                raise UserError(
                    self.env._(
                        "%(promise)s was kept or broken and stays on record.",
                        promise=promise.display_name,
                    )
                )

    # === ACTIONS ===

    def action_view_invoices(self):
        """Open the invoices that it is about."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account.action_move_out_invoice_type"
        )
        return action | {"domain": [("id", "in", self.invoice_ids.ids)], "context": {}}

    # === BUSINESS ===

    @api.model
    def _cron_decide(self):
        """Daily: kept as soon as the amount is paid, broken when the day is over
        without it. What was entered late, or taken back, is looked at once more."""
        today = fields.Date.context_today(self)
        self.search(
            [
                "|",
                ("state", "=", "open"),
                ("date_promised", ">=", today - _LATE_ENTRY),
            ]
        )._decide(today)

    def _decide(self, today):
        """Set the state by what was paid in time."""
        paid, settled = self._get_paid(), self._get_settled()
        broken = self.browse()
        for promise in self:
            amount = promise.currency_id.round(paid.get(promise, 0))
            values = {"amount_paid": amount} if amount != promise.amount_paid else {}
            is_kept = promise in settled or (
                promise.currency_id.compare_amounts(amount, promise.amount) >= 0
            )
            state = "open"
            if is_kept:
                state = "kept"
            elif promise.date_promised < today:
                state = "broken"
            if state != promise.state:
                values |= {
                    "state": state,
                    "date_decided": today if state != "open" else False,
                }
                if state == "broken":
                    broken += promise
                else:
                    promise.activity_unlink([ACTIVITY])
            if values:
                promise.write(values)
        broken._tell_owner()

    def _get_paid(self):
        """What was paid by the day of each promise. A payment counts once: for the
        promise that is due first, of these for the one that names the invoice.

        :return: ``{promise: amount in its currency}``
        """
        if not self:
            return {}
        rivals = self | self.search(
            [
                ("partner_id", "in", self.partner_id.ids),
                ("company_id", "in", self.company_id.ids),
                ("date_promised", ">=", min(self.mapped("date_noted"))),
                ("date_noted", "<=", max(self.mapped("date_promised"))),
            ]
        )
        payments = rivals._find_payments()
        paid = dict.fromkeys(rivals, 0)
        left = {payment["id"]: 1 for own in payments.values() for payment in own}
        for promise in rivals.sorted(
            lambda promise: (
                promise.date_promised,
                not promise.invoice_ids,
                promise.id,
            )
        ):
            for payment in payments[promise.company_id.id, promise.partner_id.id]:
                open_amount = promise.amount - paid[promise]
                share = left[payment["id"]]
                if not share or promise.currency_id.is_zero(open_amount):
                    continue
                if not promise.date_noted <= payment["day"] <= promise.date_promised:
                    continue
                if promise.invoice_ids and (
                    payment["move_id"] not in promise.invoice_ids.ids
                ):
                    continue
                value = promise._get_value(payment)
                if value <= 0:
                    continue
                taken = min(value * share, open_amount)
                paid[promise] += taken
                left[payment["id"]] = max(share - taken / value, 0)
        return paid

    def _get_value(self, payment):
        """What a payment is worth in the currency of the promise."""
        if payment["currency_id"] == self.currency_id.id:
            return payment["amount_currency"]
        return self.company_id.currency_id._convert(
            payment["amount"], self.currency_id, self.company_id, payment["day"]
        )

    def _find_payments(self):
        """What was reconciled with invoices of the customers; credit notes are no
        payments.

        :return: ``{(company id, partner id): payments in their order}``
        """
        for model in ("account.move", "account.move.line", "account.partial.reconcile"):
            self.env[model].flush_model()
        rows = self.env.execute_query_dict(
            SQL(
                """
                SELECT part.id, part.max_date AS day, part.amount,
                       part.debit_amount_currency AS amount_currency,
                       line.currency_id, move.id AS move_id,
                       move.company_id, move.commercial_partner_id AS partner_id
                  FROM account_partial_reconcile part
                  JOIN account_move_line line ON line.id = part.debit_move_id
                  JOIN account_account account ON account.id = line.account_id
                   AND account.account_type = 'asset_receivable'
                  JOIN account_move move ON move.id = line.move_id
                   AND move.move_type = 'out_invoice'
                  JOIN account_move_line credit ON credit.id = part.credit_move_id
                  JOIN account_move source ON source.id = credit.move_id
                   AND source.move_type <> 'out_refund'
                 WHERE move.commercial_partner_id = ANY(%s)
                   AND move.company_id = ANY(%s)
                   AND part.max_date BETWEEN %s AND %s
                 ORDER BY part.max_date, part.id
                """,
                self.partner_id.ids,
                self.company_id.ids,
                min(self.mapped("date_noted")),
                max(self.mapped("date_promised")),
            )
        )
        found = defaultdict(list)
        for row in rows:
            found[row["company_id"], row["partner_id"]].append(row)
        return found

    def _get_settled(self):
        """The promises whose invoices were all settled by the day, also by a credit
        note: nothing is left to pay."""
        if not self:
            return self
        rows = self.env.execute_query(
            SQL(
                """
                SELECT promise.id
                  FROM iaas_payment_promise promise
                  JOIN account_move_iaas_payment_promise_rel rel
                    ON rel.iaas_payment_promise_id = promise.id
                  JOIN account_move move ON move.id = rel.account_move_id
                  LEFT JOIN account_move_line line ON line.move_id = move.id
                  LEFT JOIN account_partial_reconcile part
                    ON part.debit_move_id = line.id
                 WHERE promise.id = ANY(%s)
                 GROUP BY promise.id
                HAVING BOOL_AND(move.amount_residual = 0 AND move.state = 'posted')
                   AND MAX(part.max_date) <= promise.date_promised
                """,
                self.ids,
            )
        )
        return self.browse(promise_id for (promise_id,) in rows)

    def _tell_owner(self):
        """An activity for whoever looks after the customer."""
        for promise in self:
            owner = (
                promise.partner_id.user_id
                or promise.invoice_ids.invoice_user_id[:1]
                or promise.user_id
            )
            promise.activity_schedule(
                ACTIVITY,
                user_id=owner.id,
                note=self.env._(
                    "Promised %(amount)s by %(day)s, paid by then: %(paid)s.",
                    amount=promise.currency_id.format(promise.amount),
                    day=format_date(self.env, promise.date_promised),
                    paid=promise.currency_id.format(promise.amount_paid),
                ),
            )
