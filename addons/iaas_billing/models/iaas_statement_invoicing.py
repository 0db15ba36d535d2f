from odoo import fields, models
from odoo.exceptions import UserError
from odoo.fields import Command


class IaasStatement(models.Model):
    _inherit = "iaas.statement"

    def _settle(self):
        """Rate, invoice and post the drafts.

        A contract with a period that cannot be rated is left out with all its
        periods: its invoices keep their order.

        :return: ``{contract: reason}`` of those left out
        """
        # What the customer has confirmed is billed as it was confirmed.
        problems = self.filtered(lambda draft: draft.state == "draft")._rate()
        invoices = {}
        for statement in self:
            if statement in problems or statement._is_free():
                continue
            try:
                invoices[statement] = statement._prepare_invoice()
                statement._check_prepared_invoice(invoices[statement])
            except UserError as error:
                problems[statement] = str(error)
        reasons = {}
        for statement, reason in problems.items():
            reasons.setdefault(statement.contract_id, reason)
        ready = self.filtered(lambda draft: draft.contract_id not in reasons)
        ready = ready._pass_gates()
        ready._invoice(invoices)
        ready._post()
        return reasons

    def _post(self):
        """Make the statements final and close the blockers they have cleared."""
        self.env.flush_all()
        now = fields.Datetime.now()
        for statement in self.with_context(tracking_disable=True):
            statement.write(
                {
                    "state": "posted",
                    "waits_for": False,
                    "posted_at": now,
                    "content_hash": statement._make_content_hash(),
                }
            )
        regular = self.filtered(
            lambda statement: (
                statement.kind == "regular" and not statement.correction_of_id
            )
        )
        self.env["iaas.billing.blocker"].search(
            [
                ("state", "=", "open"),
                "|",
                ("contract_id", "in", regular.contract_id.ids),
                ("statement_id", "in", self.ids),
            ]
        )._solve()

    # ------------------------------------------------------------------
    # Invoices
    # ------------------------------------------------------------------

    def _is_free(self):
        """Whether nothing is to be paid, for which no invoice is made."""
        return self.currency_id.is_zero(self.amount_untaxed)

    def _invoice(self, invoices):
        """Create and post the invoices: one per statement, one line per family.

        What a prepaid customer has paid ahead is an
        outstanding credit in Odoo, which settles the invoice when it is reconciled.

        :param invoices: ``{statement: values of its invoice}``
        """
        billable = self.filtered(lambda draft: draft in invoices)
        groups = billable.grouped(
            lambda draft: (draft.company_id, invoices[draft]["move_type"])
        )
        for (company, move_type), statements in groups.items():
            statements = statements.with_company(company)
            Move = self.env["account.move"].with_company(company)
            moves = Move.with_context(
                default_move_type=move_type,
                mail_create_nolog=True,
                mail_create_nosubscribe=True,
                skip_analytic_sync=True,
                tracking_disable=True,
            ).create([invoices[statement] for statement in statements])
            for statement, move in zip(statements, moves, strict=True):
                statement._check_invoice(move)
                statement.move_id = move
            moves._post(soft=False)

    def _prepare_invoice(self):
        """The complete values of the invoice: nothing is left for Odoo to look up
        line by line, which makes up half the time of an invoice."""
        self.ensure_one()
        # Payment terms and fiscal positions are those that its company has set.
        statement = self.with_company(self.company_id)
        contract = statement.contract_id
        invoice_date = self.run_id.invoice_date or self._get_today()
        payer = contract.payer_id or statement.partner_id
        term = contract.payment_term_id or payer.property_payment_term_id
        return {
            "move_type": self._get_move_type(),
            "iaas_statement_id": self.id,
            "company_id": self.company_id.id,
            "journal_id": self._get_sale_journal().id,
            "partner_id": payer.id,
            "partner_shipping_id": self.partner_id.id,
            "currency_id": self.currency_id.id,
            "fiscal_position_id": statement._get_fiscal_position().id,
            "invoice_date": invoice_date,
            "date": invoice_date,
            "invoice_payment_term_id": term.id,
            "invoice_date_due": False if term else invoice_date,
            "invoice_user_id": contract.user_id.id,
            "invoice_origin": self.name,
            "ref": contract.name,
            "invoice_line_ids": [
                Command.create(values) for values in self._prepare_invoice_lines()
            ],
        }

    def _get_today(self):
        """Today where the responsible of the run is: in the background it is nobody's
        day, and the first hours of a year would be invoiced in the year before."""
        zone = self.run_id.user_id.tz or self.env.context.get("tz")
        return fields.Date.context_today(self.with_context(tz=zone or self.env.user.tz))

    def _get_move_type(self):
        return "out_invoice"

    def _get_sign(self):
        """What a price on the document is multiplied by to be the statement's."""
        return -1 if self._get_move_type() == "out_refund" else 1

    def _prepare_invoice_lines(self):
        """One line per what the contract groups by, income account and taxes, and per
        what was billed in advance."""
        groups = self._group_lines()
        same_currency = self.currency_id == self.company_id.currency_id
        values_list = []
        for (group, account, taxes, _advance), lines in groups.items():
            amount = self.currency_id.round(sum(lines.mapped("amount")))
            if self.currency_id.is_zero(amount):
                continue
            values = {
                "name": self._get_invoice_line_name(group, lines),
                "display_type": "product",
                "sequence": 10 * (len(values_list) + 1),
                "account_id": account.id,
                "tax_ids": [Command.set(taxes.ids)],
                "product_uom_id": False,
                "quantity": 1,
                "price_unit": self._get_sign() * amount,
                "analytic_distribution": self._get_analytic_distribution(
                    group, account
                ),
            }
            if same_currency:
                values |= {"amount_currency": -amount, "balance": -amount}
            values_list.append(values)
        return values_list

    def _group_lines(self):
        """The statement lines by what makes one line of the invoice.

        :return: ``{(group, income account, taxes, advance deducted): lines}``
        """
        by_advance = self.line_ids.grouped(
            lambda line: line.settles_line_id.statement_id
        )
        groups = {}
        for advance, lines in by_advance.items():
            keys = (advance or self)._get_invoice_keys(lines.product_id)
            parts = lines.grouped(lambda line, keys=keys: keys[line.product_id])
            groups |= {(*key, advance): part for key, part in parts.items()}
        return groups

    def _get_invoice_line_name(self, group, lines):
        """Text of an invoice line, in the customer's language.

        :param group: the family, product or contract that the line is for
        """
        statement = self.with_context(lang=self.partner_id.lang)
        short = lines.with_env(statement.env).filtered(
            lambda line: line.charge_kind == "shortfall"
        )
        if lines == short:
            return " ".join(
                [
                    statement.env._("Shortfall of the commitment."),
                    *short._explain_shortfall()[:2],
                ]
            )
        return statement.env._(
            "%(what)s, %(period)s, resources: %(count)s",
            what=statement._get_group_name(group),
            period=statement._period_text(),
            count=len(lines.resource_id),
        )

    def _get_group_name(self, group):
        """The family, product or contract, in the customer's language."""
        group = group.with_context(lang=self.partner_id.lang)
        return group.display_name if group._name == "iaas.contract" else group.name

    def _get_invoice_keys(self, products):
        """What the statement lines are summed by on the invoice.

        :return: ``{product: (family, product or contract, income account, taxes)}``
        """
        statement = self.with_company(self.company_id)
        position = statement._get_fiscal_position()
        return {
            product: statement._get_invoice_key(product, position)
            for product in products.with_env(statement.env)
        }

    def _get_invoice_key(self, product, position):
        accounts = product.product_tmpl_id.get_product_accounts(position)
        account = accounts["income"] or self._get_sale_journal().default_account_id
        if not account:
            raise UserError(
                self.env._(
                    "%(product)s has no income account, nor has its category. "
                    "Set one on the product's category.",
                    product=product.display_name,
                )
            )
        taxes = product.taxes_id._filter_taxes_by_company(self.company_id)
        taxes = taxes or account.tax_ids.filtered(
            lambda tax: tax.type_tax_use == "sale"
        )
        groups = {
            "family": product.categ_id._get_iaas_family(),
            "product": product,
            "contract": self.contract_id,
        }
        return groups[self.invoice_grouping], account, position.map_tax(taxes)

    def _get_analytic_distribution(self, group, account):
        """What Odoo's own distribution models say of the customer, the family or the
        product, and the account."""
        Model = self.env["account.analytic.distribution.model"]
        if not Model._is_used():
            return False
        product = group if group._name == "product.product" else Model.product_id
        family = product.categ_id._get_iaas_family() if product else group
        return (
            Model._get_distribution(
                {
                    "partner_id": self.partner_id.id,
                    "partner_category_id": self.partner_id.category_id.ids,
                    "product_id": product.id,
                    "product_categ_id": (
                        family.id if family._name == "product.category" else False
                    ),
                    "account_prefix": account.code,
                    "company_id": self.company_id.id,
                }
            )
            or False
        )

    def _get_fiscal_position(self):
        return self.env["account.fiscal.position"]._get_fiscal_position(
            self.contract_id.payer_id or self.partner_id, delivery=self.partner_id
        )

    def _get_sale_journal(self):
        journal = self.env["account.journal"].search(
            [
                *self.env["account.journal"]._check_company_domain(self.company_id),
                ("type", "=", "sale"),
            ],
            limit=1,
        )
        if not journal:
            raise UserError(
                self.env._(
                    "%(company)s has no sales journal. Create one in Accounting, "
                    "Configuration, Journals.",
                    company=self.company_id.name,
                )
            )
        return journal

    def _check_prepared_invoice(self, values):
        """Find out before the invoice is made what it would come to."""
        untaxed = 0
        for _command, _id, line in values["invoice_line_ids"]:
            taxes = self.env["account.tax"].browse(line["tax_ids"][0][2])
            amount = line["price_unit"]
            if any(taxes.flatten_taxes_hierarchy().mapped("price_include")):
                amount = taxes.compute_all(
                    amount, self.currency_id, partner=self.partner_id
                )["total_excluded"]
            untaxed += amount
        self._check_untaxed(self._get_sign() * untaxed)

    def _check_invoice(self, move):
        self._check_untaxed(self._get_sign() * move.amount_untaxed)

    def _check_untaxed(self, untaxed):
        """The invoice must say what the statement says."""
        if self.currency_id.compare_amounts(untaxed, self.amount_untaxed):
            raise UserError(
                self.env._(
                    "The invoice of %(statement)s comes to %(invoice)s without tax, "
                    "the statement to %(amount)s. Prices are without tax: use taxes "
                    "that are not included in the price.",
                    statement=self.name,
                    invoice=self.currency_id.format(untaxed),
                    amount=self.currency_id.format(self.amount_untaxed),
                )
            )
