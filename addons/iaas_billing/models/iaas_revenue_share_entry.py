from decimal import Decimal as PythonDecimal

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tools import SQL, format_date

from odoo.addons.iaas_contract.fields import Decimal

from ..rating.shares import share_of

ACCOUNTING = "account.group_account_invoice"


class IaasRevenueShareEntry(models.Model):
    """What a third party gets of one statement (R90).

    An entry is never rewritten: when a statement is voided, another part of an invoice
    is paid or a payment taken back, a further entry has the difference.
    """

    _name = "iaas.revenue.share.entry"
    _description = "Shared Revenue"
    _inherit = ["iaas.decimal.mixin"]
    _order = "date desc, id desc"
    _rec_name = "statement_id"
    _check_company_auto = True

    statement_id = fields.Many2one(
        "iaas.statement", required=True, readonly=True, index=True, ondelete="restrict"
    )
    share_id = fields.Many2one(
        "iaas.contract.revenue.share",
        string="Revenue Share",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
    )
    number = fields.Integer(
        required=True,
        readonly=True,
        help="1 is the first entry of the share of a statement; further ones have what "
        "came or went since.",
    )
    contract_id = fields.Many2one(
        related="statement_id.contract_id", store=True, index=True
    )
    company_id = fields.Many2one(
        related="statement_id.company_id", store=True, index=True
    )
    partner_id = fields.Many2one(
        related="statement_id.partner_id", string="Customer", store=True
    )
    # Copied: what held when it was made.
    beneficiary_id = fields.Many2one(
        "res.partner", required=True, readonly=True, index=True, ondelete="restrict"
    )
    purpose = fields.Selection(related="share_id.purpose", store=True)
    basis = fields.Selection(related="share_id.basis", store=True)
    percent = Decimal(string="Share (%)", required=True, readonly=True)
    date = fields.Date(required=True, readonly=True, index=True)
    currency_id = fields.Many2one("res.currency", required=True, readonly=True)
    base_amount = fields.Monetary(
        string="Revenue",
        readonly=True,
        help="Before tax; of a share of what is collected, the part that was paid.",
    )
    amount = fields.Monetary(string="Share", readonly=True)
    state = fields.Selection(
        [
            ("open", "To Bill"),
            ("invoiced", "On a Bill"),
            ("cancelled", "Taken Back"),
        ],
        string="Status",
        required=True,
        readonly=True,
        default="open",
        index=True,
        help="Taken back: before it came to a bill, a further entry took all of it.",
    )
    bill_id = fields.Many2one(
        "account.move",
        string="Vendor Bill",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        check_company=True,
    )

    _number_unique = models.UniqueIndex(
        "(statement_id, share_id, number)",
        "What a statement shares is entered once.",
    )
    _billed_when_invoiced = models.Constraint(
        "CHECK ((state = 'invoiced') = (bill_id IS NOT NULL))",
        "What is on a vendor bill says on which.",
    )

    # === ACTIONS ===

    def action_refresh(self):
        """Look for payments, and for what has changed, at once."""
        self._check_accounting()
        # Entries are nobody's to write; they follow from statements and payments.
        self.env["iaas.revenue.share.entry"].sudo()._share()
        return {"type": "ir.actions.client", "tag": "reload"}

    def action_create_bills(self):
        """Make a draft vendor bill per beneficiary and currency of the open entries."""
        self._check_accounting()
        self.check_access("read")
        entries = self.sudo().filtered(lambda entry: entry.state == "open")
        entries.lock_for_update()
        bills = self.env["account.move"]
        groups = entries.grouped(
            lambda entry: (entry.company_id, entry.beneficiary_id, entry.currency_id)
        )
        for (company, _beneficiary, currency), group in groups.items():
            total = sum(group.mapped("amount"))
            if currency.is_zero(total):
                continue
            # With the rights of the user: it is a vendor bill like any other.
            bill = bills.with_company(company).create(group._prepare_bill(total))
            bill.sudo().is_iaas_share_bill = True
            group.write({"state": "invoiced", "bill_id": bill.id})
            bills += bill
        if not bills:
            raise UserError(
                self.env._(
                    "Nothing of this is to be billed: it is on a vendor bill already, "
                    "or comes to zero per beneficiary and currency."
                )
            )
        return self._open_bills(bills)

    def action_view_bill(self):
        """Open the vendor bill."""
        self.ensure_one()
        return self._open_bills(self.bill_id)

    @api.model
    def _open_bills(self, bills):
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account.action_move_in_invoice_type"
        )
        action |= {"domain": [("id", "in", bills.ids)], "context": {}}
        if len(bills) == 1:
            action |= {"res_id": bills.id, "view_mode": "form"}
            action["views"] = [(False, "form")]
        return action

    @api.model
    def _check_accounting(self):
        if not self.env.su and not self.env.user.has_group(ACCOUNTING):
            raise AccessError(
                self.env._("Only billing and accounting make vendor bills of shares.")
            )

    # === BUSINESS ===

    @api.model
    def _cron_share(self):
        """Daily: what was paid of invoices, and what shares approved late bring."""
        self._share()

    @api.model
    def _share(self, statements=None):
        """Enter what the approved shares come to now, less what was entered.

        :param statements: of these alone; by default of all that share
        """
        today = fields.Date.context_today(self)
        values_list, gone = [], []
        for row in self._find_due(statements):
            digits = self.env["res.currency"].browse(row["currency_id"]).decimal_places
            base, amount = share_of(
                PythonDecimal(row["billed"]),
                PythonDecimal(row["cash"]) if row["needs_cash"] else None,
                PythonDecimal(row["total"]),
                PythonDecimal(row["percent"]),
                digits,
            )
            more = base - PythonDecimal(row["base_entered"])
            more_amount = amount - PythonDecimal(row["amount_entered"])
            if not more and not more_amount:
                continue
            if not base and not amount:
                gone.append((row["statement_id"], row["share_id"]))
            values_list.append(
                {
                    "statement_id": row["statement_id"],
                    "share_id": row["share_id"],
                    "number": row["entries"] + 1,
                    "beneficiary_id": row["beneficiary_id"],
                    "percent": row["percent"],
                    "date": today,
                    "currency_id": row["currency_id"],
                    "base_amount": more,
                    "amount": more_amount,
                }
            )
        self.create(values_list)
        self._set_off(gone)

    @api.model
    def _set_off(self, keys):
        """Entries that come to nothing together, none of them billed yet, need no
        bill.

        :param keys: ids of statements and shares
        """
        entries = self.search(
            [
                ("statement_id", "in", [statement_id for statement_id, _share in keys]),
                ("share_id", "in", [share_id for _statement, share_id in keys]),
                ("state", "!=", "cancelled"),
            ]
        )
        groups = entries.grouped(
            lambda entry: (entry.statement_id.id, entry.share_id.id)
        )
        for key in keys:
            group = groups.get(key, self)
            if set(group.mapped("state")) == {"open"}:
                group.state = "cancelled"

    @api.model
    def _find_due(self, statements):
        """What each share is to have of each statement, and what was entered of it;
        amounts as text, since they are exact."""
        self.env.flush_all()
        chosen = SQL()
        if statements is not None:
            chosen = SQL("AND statement.id = ANY(%s)", statements.ids)
        return self.env.execute_query_dict(
            SQL(
                """
                SELECT share.id AS share_id, share.beneficiary_id,
                       share.percent::text, statement.id AS statement_id,
                       statement.currency_id,
                       share.basis = 'collected' AND statement.move_id IS NOT NULL
                           AS needs_cash,
                       COALESCE(revenue.amount, 0)::text AS billed,
                       COALESCE(paid.amount, 0)::text AS cash,
                       COALESCE(move.amount_total, 0)::text AS total,
                       COALESCE(entered.base, 0)::text AS base_entered,
                       COALESCE(entered.amount, 0)::text AS amount_entered,
                       COALESCE(entered.number, 0) AS entries
                  FROM iaas_contract_revenue_share share
                  JOIN iaas_statement statement
                    ON statement.contract_id = share.contract_id
                   AND statement.state IN ('posted', 'void')
                  LEFT JOIN account_move move ON move.id = statement.move_id
                  LEFT JOIN product_category wanted ON wanted.id = share.categ_id
                  LEFT JOIN LATERAL (
                       SELECT SUM(line.amount) AS amount
                         FROM iaas_statement_line line
                         JOIN product_category family ON family.id = line.family_id
                        WHERE line.statement_id = statement.id
                          AND statement.state = 'posted'
                          AND share.state = 'approved'
                          AND (share.date_start IS NULL
                               OR line.segment_start >= share.date_start)
                          AND (share.date_end IS NULL
                               OR line.segment_start <= share.date_end)
                          AND (share.categ_id IS NULL
                               OR starts_with(family.parent_path,
                                              wanted.parent_path))
                       ) revenue ON TRUE
                  LEFT JOIN LATERAL (
                       SELECT SUM(CASE WHEN part.debit_move_id = own.id
                                       THEN part.debit_amount_currency
                                       ELSE part.credit_amount_currency END) AS amount
                         FROM account_move_line own
                         JOIN account_account account ON account.id = own.account_id
                          AND account.account_type = 'asset_receivable'
                         JOIN account_partial_reconcile part
                           ON own.id IN (part.debit_move_id, part.credit_move_id)
                         JOIN account_move_line source
                           ON source.id IN (part.debit_move_id, part.credit_move_id)
                          AND source.id <> own.id
                         JOIN account_journal journal ON journal.id = source.journal_id
                          AND journal.type IN ('bank', 'cash', 'credit')
                        WHERE own.move_id = statement.move_id
                          AND share.basis = 'collected'
                       ) paid ON TRUE
                  LEFT JOIN LATERAL (
                       SELECT SUM(entry.base_amount) AS base,
                              SUM(entry.amount) AS amount, MAX(entry.number) AS number
                         FROM iaas_revenue_share_entry entry
                        WHERE entry.share_id = share.id
                          AND entry.statement_id = statement.id
                       ) entered ON TRUE
                 WHERE share.state <> 'draft' %s
                 ORDER BY statement.id, share.id
                """,
                chosen,
            )
        )

    def _prepare_bill(self, total):
        """The values of the bill of one beneficiary; a vendor credit note where more
        was taken back than came."""
        company = self.company_id
        journal = self.env["account.journal"].search(
            [
                *self.env["account.journal"]._check_company_domain(company),
                ("type", "=", "purchase"),
            ],
            limit=1,
        )
        if not journal:
            raise UserError(
                self.env._(
                    "%(company)s has no purchase journal. Create one in Accounting, "
                    "Configuration, Journals.",
                    company=company.name,
                )
            )
        sign = 1 if total > 0 else -1
        today = fields.Date.context_today(self)
        return {
            "move_type": "in_invoice" if total > 0 else "in_refund",
            "company_id": company.id,
            "journal_id": journal.id,
            "partner_id": self.beneficiary_id.id,
            "currency_id": self.currency_id.id,
            "invoice_date": today,
            "invoice_origin": self.env._("Revenue shares"),
            "invoice_line_ids": [
                Command.create(
                    {
                        "name": entries._get_bill_line_name(),
                        "quantity": 1,
                        "price_unit": sign
                        * self.currency_id.round(sum(entries.mapped("amount"))),
                    }
                )
                for entries in self.sorted("contract_id")
                .grouped("contract_id")
                .values()
            ],
        }

    def _get_bill_line_name(self):
        entries = self.with_context(lang=self.beneficiary_id.lang)
        return entries.env._(
            "Revenue share, contract %(contract)s, services of %(first)s to %(last)s",
            contract=self.contract_id.name,
            first=format_date(entries.env, min(self.statement_id.mapped("date_from"))),
            last=format_date(entries.env, max(self.statement_id.mapped("date_to"))),
        )

    def _free(self):
        """Let what was on a bill be billed again."""
        self.write({"state": "open", "bill_id": False})
