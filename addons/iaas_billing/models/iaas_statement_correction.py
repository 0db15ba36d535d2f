from collections import defaultdict
from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from odoo.addons.iaas_contract.pricing import round_half_up
from odoo.addons.iaas_contract.pricing.numbers import ZERO, exact

_SUMS = ("quantity", "list_amount", "amount_exact")


class IaasStatement(models.Model):
    """Corrections: a posted statement is never rewritten; what its period comes to
    now, less what was posted for it, is a statement of its own."""

    _inherit = "iaas.statement"

    correction_of_id = fields.Many2one(
        "iaas.statement",
        string="Corrects",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        check_company=True,
    )
    correction_ids = fields.One2many(
        "iaas.statement", "correction_of_id", string="Corrections", readonly=True
    )
    correction_count = fields.Integer(compute="_compute_correction_count")
    correction_kind = fields.Selection(
        [
            ("usage", "Rated again"),
            ("waived", "Rated again, not charged"),
            ("credit", "Agreed credit"),
        ],
        readonly=True,
        copy=False,
    )
    correction_reason = fields.Char(string="Reason", readonly=True, copy=False)

    _one_open_correction = models.UniqueIndex(
        "(correction_of_id) WHERE correction_of_id IS NOT NULL AND state = 'draft' "
        "AND correction_kind = 'usage'",
        "A statement has one open correction at a time.",
    )
    _correction_kind_set = models.Constraint(
        "CHECK ((correction_of_id IS NULL) = (correction_kind IS NULL))",
        "A correction says of which kind it is.",
    )

    def _compute_correction_count(self):
        counts = dict(
            self._read_group(
                [("correction_of_id", "in", self.ids)],
                ["correction_of_id"],
                ["__count"],
            )
        )
        for statement in self:
            statement.correction_count = counts.get(statement, 0)

    # ------------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------------

    def action_correct(self):
        """Rate the period again and open the draft of the difference."""
        self.ensure_one()
        self._check_billing()
        correction = self.sudo()._make_correction(
            self.env._("Rated again by %(user)s.", user=self.env.user.name)
        )
        problems = correction._rate()
        if problems:
            raise UserError("\n".join(problems.values()))
        if not correction.line_ids:
            raise UserError(
                self.env._(
                    "%(original)s is right as it is: rated again, there is no "
                    "difference. Mend the price, the contract or the usage first. An "
                    "amount is credited by accepting a dispute, and what came in after "
                    "the close without making a difference is written off.",
                    original=correction.correction_of_id.name,
                )
            )
        return correction.with_env(self.env)._open_form()

    def action_post_correction(self):
        """Post corrections: a credit note, an invoice, or nothing to pay."""
        self._check_billing()
        for correction in self.sudo():
            correction._post_correction()

    def action_view_corrections(self):
        """Open the corrections of the statement."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "iaas_billing.iaas_statement_action"
        )
        return action | {
            "domain": [("correction_of_id", "=", self.id)],
            "context": {},
        }

    def _open_form(self):
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
        }

    # ------------------------------------------------------------------
    # Draft of the difference
    # ------------------------------------------------------------------

    def _make_correction(self, reason):
        """The draft that corrects each posted statement, the open one if there is."""
        corrections = self.browse()
        for statement in self:
            statement._check_correctable()
            known = statement.correction_ids.filtered(
                lambda other: (
                    other.state == "draft" and other.correction_kind == "usage"
                )
            )
            corrections += known or self.create(
                statement._prepare_correction("usage", reason)
            )
        return corrections

    def _check_correctable(self):
        if self.state != "posted" or self.correction_of_id:
            raise UserError(
                self.env._(
                    "%(statement)s is not a posted statement of a period: there is "
                    "nothing to correct.",
                    statement=self.name,
                )
            )
        self._check_usage_kept()
        moved = self.line_ids.resource_id.filtered(
            lambda resource: resource.contract_id != self.contract_id
        )
        if moved:
            raise UserError(
                self.env._(
                    "%(resource)s goes on under %(contract)s, so %(statement)s can no "
                    "longer be rated again. Credit or invoice the difference by hand.",
                    resource=moved[0].display_name,
                    contract=moved[0].contract_id.display_name,
                    statement=self.name,
                )
            )

    def _check_usage_kept(self):
        """What was archived cannot be rated again, other than by its daily sums."""
        since = self.env["iaas.usage.archive"]._get_kept_since()
        if not since or self.period_start >= since:
            return
        lines = (self + self.correction_ids).line_ids
        gone = lines.filtered(lambda line: line._is_rated_by_events())
        if gone:
            raise UserError(
                self.env._(
                    "Usage events of %(meter)s that %(statement)s counted have left "
                    "the database by the retention setting, so it can no longer be "
                    "rated again or voided. Credit or invoice the difference by hand.",
                    meter=gone[0].meter_id.name,
                    statement=self.name,
                )
            )

    def _prepare_correction(self, kind, reason):
        """The values of a correction: the terms of the statement, not of today."""
        return {
            "contract_id": self.contract_id.id,
            "partner_id": self.partner_id.id,
            "company_id": self.company_id.id,
            "currency_id": self.currency_id.id,
            "settlement_mode": self.settlement_mode,
            "invoice_grouping": self.invoice_grouping,
            "timezone": self.timezone,
            "period_start": self.period_start,
            "period_end": self.period_end,
            "correction_of_id": self.id,
            "correction_kind": kind,
            "correction_reason": reason,
        }

    def _rate(self):
        """An agreed credit is what was agreed; it is not rated."""
        agreed = self.filtered(lambda other: other.correction_kind == "credit")
        return super(IaasStatement, self - agreed)._rate()

    def _store_lines(self, values_list):
        corrections = self.filtered("correction_of_id")
        if corrections:
            mine = defaultdict(list)
            others = []
            for values in values_list:
                if values["statement_id"] in corrections._ids:
                    mine[values["statement_id"]].append(values)
                else:
                    others.append(values)
            values_list = others
            for correction in corrections:
                values_list += correction._get_differences(mine[correction.id])
        return super()._store_lines(values_list)

    def _get_differences(self, values_list):
        """What the lines come to now less what was posted for the same key."""
        Line = self.env["iaas.statement.line"]
        now = {Line._get_values_key(values)[1:]: values for values in values_list}
        posted = defaultdict(Line.browse)
        for line in self.correction_of_id._get_counted_lines():
            posted[line._get_key()[1:]] += line
        return [
            values
            for key in {**now, **posted}
            if (values := self._prepare_difference(now.get(key), posted[key]))
        ]

    def _get_counted_lines(self):
        """The lines by which the period was posted: the statement and what was rated
        again since. An agreed credit stays whatever the usage comes to."""
        rated = self.correction_ids.filtered(
            lambda other: (
                other.state == "posted" and other.correction_kind in ("usage", "waived")
            )
        )
        return (self + rated.sorted("id")).line_ids

    def _prepare_difference(self, values, lines):
        digits = self.currency_id.decimal_places
        known = lines.sorted("id")[-1:]
        if values is None:
            values = known._copy_rated() | {
                "statement_id": self.id,
                "days": 0,
                "amount": ZERO,
                **dict.fromkeys(_SUMS, ZERO),
            }
        with exact():
            posted = {name: sum((line[name] for line in lines), ZERO) for name in _SUMS}
            charged = sum(
                (
                    round_half_up(str(line.amount + line.amount_waived), digits)
                    for line in lines
                ),
                ZERO,
            )
            values = values | {name: values[name] - posted[name] for name in _SUMS}
            values["amount"] = Decimal(str(values["amount"])) - charged
        values |= self._cap_credit(values["amount"], lines)
        if not values["amount"] and not any(values[name] for name in _SUMS):
            return None
        return values | {
            "corrects_line_id": lines.sorted("id")[:1].id,
            "quantity_posted": posted["quantity"],
            "exact_posted": posted["amount_exact"],
        }

    def _cap_credit(self, amount, lines):
        """What was agreed to be credited is not credited again because the period
        comes to less: together it is at most what was billed.

        :param lines: the posted lines that the difference corrects
        :return: the values of what is billed of the difference and what is not
        """
        agreed = (
            self.correction_of_id.correction_ids.filtered(
                lambda other: (
                    other.state == "posted" and other.correction_kind == "credit"
                )
            )
            .line_ids.filtered(lambda line: line.corrects_line_id in lines)
            ._sum_rounded()
        )
        with exact():
            left = lines._sum_rounded() + agreed
            if not agreed or amount >= -left:
                return {"amount_waived": ZERO}
            return {"amount": -left, "amount_waived": amount + left}

    # ------------------------------------------------------------------
    # Posting
    # ------------------------------------------------------------------

    def _post_correction(self):
        self.ensure_one()
        if not self.correction_of_id or self.state != "draft":
            raise UserError(
                self.env._("%(name)s is not an open correction.", name=self.name)
            )
        if self.correction_of_id.state != "posted":
            raise UserError(
                self.env._(
                    "%(name)s corrects %(original)s, which is no longer posted.",
                    name=self.name,
                    original=self.correction_of_id.name,
                )
            )
        if self.correction_kind == "usage":
            problems = self._rate()
            if problems:
                raise UserError("\n".join(problems.values()))
        if not self.line_ids:
            raise UserError(
                self.env._(
                    "%(original)s is right as it is: there is no difference to post. "
                    "Delete the draft.",
                    original=self.correction_of_id.name,
                )
            )
        invoices = {}
        if not self._is_free():
            invoices[self] = self._prepare_invoice()
            self._check_prepared_invoice(invoices[self])
        self._invoice(invoices)
        self._post()
        self.correction_of_id._settle_credit(self.move_id)

    def _post(self):
        self.correction_of_id._serialise()
        return super()._post()

    def _serialise(self):
        """Let whoever corrects, credits or voids a statement at the same time come
        before or after, never between.

        Written rather than locked: transactions read from a snapshot, and the write
        makes PostgreSQL refuse a stale one, which Odoo then repeats.
        """
        if self:
            self.env.cr.execute(
                SQL(
                    "UPDATE iaas_statement SET write_uid = write_uid "
                    "WHERE id = ANY(%s)",
                    self.ids,
                )
            )

    def _waive(self, reason):
        """Post the difference without charging it; a later correction counts it as
        posted."""
        self.ensure_one()
        for line in self.line_ids:
            # A part may be waived already, see _cap_credit.
            waived = self.currency_id.round(line.amount + line.amount_waived)
            line.write({"amount_waived": waived, "amount": 0})
        self.write({"correction_kind": "waived", "correction_reason": reason})
        self._post()

    def _is_free(self):
        """A correction may come to nothing and yet move amounts between accounts."""
        if not self.correction_of_id:
            return super()._is_free()
        return not self._prepare_invoice_lines()

    def _get_move_type(self):
        """Less than posted is a credit note, more is an invoice."""
        if self.correction_of_id and self.amount_untaxed < 0:
            return "out_refund"
        return super()._get_move_type()

    def _prepare_invoice(self):
        values = super()._prepare_invoice()
        original = self.correction_of_id.move_id
        if not self.correction_of_id:
            return values
        if original:
            values |= {
                "partner_id": original.partner_id.id,
                "partner_shipping_id": original.partner_shipping_id.id,
                "fiscal_position_id": original.fiscal_position_id.id,
                "journal_id": original.journal_id.id,
                "ref": self.env._("Correction of %(invoice)s", invoice=original.name),
            }
        if values["move_type"] == "out_refund":
            values |= {
                "reversed_entry_id": original.id,
                "invoice_payment_term_id": False,
                "invoice_date_due": values["invoice_date"],
            }
        return values

    def _get_fiscal_position(self):
        original = self.correction_of_id.move_id
        return (
            original.fiscal_position_id if original else super()._get_fiscal_position()
        )

    def _get_invoice_key(self, product, position):
        """What was billed before is taxed now as it was then."""
        group, account, taxes = super()._get_invoice_key(product, position)
        before = self._get_taxed_before()
        if product in before.line_ids.product_id:
            lines = before.move_id.invoice_line_ids.filtered(
                lambda line: line.account_id == account
            )
            # One account may hold what is taxed differently: then nothing tells.
            then = {line.tax_ids for line in lines}
            taxes = then.pop() if len(then) == 1 else taxes
        return group, account, taxes

    def _get_taxed_before(self):
        """The statement whose invoice has taxed the same service already, if any."""
        if self.correction_of_id:
            return self.correction_of_id
        return self if self.move_id else self.browse()

    def _get_invoice_line_name(self, group, lines):
        name = super()._get_invoice_line_name(group, lines)
        if not self.correction_of_id:
            return name
        statement = self.with_context(lang=self.partner_id.lang)
        return statement.env._(
            "Correction of %(statement)s: %(name)s",
            statement=self.correction_of_id.name,
            name=name,
        )

    def _settle_credit(self, credit):
        """Let a credit note settle what is unpaid of the invoice."""
        if credit.move_type != "out_refund":
            return
        invoices = (self + self.correction_ids).move_id.filtered(
            lambda move: move.move_type == "out_invoice"
        )
        open_lines = (invoices + credit).line_ids.filtered(
            lambda line: line.account_type == "asset_receivable" and not line.reconciled
        )
        for lines in open_lines.grouped(
            lambda line: (line.account_id, line.partner_id)
        ).values():
            if len(set(lines.mapped(lambda line: line.balance > 0))) > 1:
                lines.reconcile()

    @api.ondelete(at_uninstall=False)
    def _unlink_correction_log(self):
        for correction in self.filtered("correction_of_id"):
            correction.correction_of_id.sudo().message_post(
                body=self.env._(
                    "The draft correction %(name)s was deleted.", name=correction.name
                )
            )
