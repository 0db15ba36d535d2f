from datetime import date

from freezegun import freeze_time

from odoo import Command
from odoo.tests import tagged

from .common import IaasBillingCommon

MOVE_FIELDS = (
    "amount_untaxed",
    "amount_tax",
    "amount_total",
    "invoice_date_due",
    "fiscal_position_id",
    "currency_id",
    "journal_id",
    "invoice_user_id",
)
LINE_FIELDS = (
    "display_type",
    "account_id",
    "balance",
    "amount_currency",
    "tax_ids",
    "tax_line_id",
    "tax_base_amount",
    "tax_tag_ids",
    "date_maturity",
)


@tagged("post_install", "-at_install")
class TestInvoicing(IaasBillingCommon):
    """The invoices made from complete values are those that Odoo would make."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server_resource = cls._iaas_resource(cls.server, quantity="1.37")
        cls.traffic_resource = cls._iaas_resource(cls.traffic)
        cls._use(cls.traffic_resource, ("2026-01-10 00:00:00", "1234.567"))
        cls.contract.payment_term_id = cls.env.ref(
            "account.account_payment_term_30days"
        )

    def _content(self, move):
        return (
            [move[name] for name in MOVE_FIELDS],
            sorted(str([line[name] for name in LINE_FIELDS]) for line in move.line_ids),
        )

    def _plain_copy(self, move):
        """The invoice as a person would enter it: product, quantity, price, taxes."""
        plain = self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": move.partner_id.id,
                "currency_id": move.currency_id.id,
                "invoice_date": move.invoice_date,
                "invoice_user_id": move.invoice_user_id.id,
                "invoice_payment_term_id": move.invoice_payment_term_id.id,
                "invoice_line_ids": [
                    Command.create(
                        {
                            "product_id": product.id,
                            "quantity": 1,
                            "price_unit": line.price_unit,
                        }
                    )
                    for product, line in zip(
                        (self.server, self.traffic),
                        move.invoice_line_ids.sorted("balance", reverse=True),
                        strict=True,
                    )
                ],
            }
        )
        plain.action_post()
        return plain

    def _check_equals_plain(self):
        move = self._bill_month(2026, 1, invoice_date=date(2026, 2, 1)).move_id
        self.assertEqual(move.invoice_date, date(2026, 2, 1))
        self.assertEqual(self._content(move), self._content(self._plain_copy(move)))
        return move

    def test_equals_the_plain_way(self):
        move = self._check_equals_plain()
        self.assertEqual(move.invoice_date_due, date(2026, 3, 3))

    def test_without_payment_term_the_invoice_is_due_at_once(self):
        self.contract.payment_term_id = False
        move = self._bill_month(2026, 1, invoice_date=date(2026, 2, 1)).move_id
        self.assertEqual(move.invoice_date_due, date(2026, 2, 1))
        self.assertFalse(move.show_reset_to_draft_button)

    def test_equals_the_plain_way_in_another_currency(self):
        currency = self.env["res.currency"].search(
            [("id", "!=", self.company.currency_id.id), ("active", "=", False)], limit=1
        )
        currency.active = True
        currency.rate_ids.unlink()
        self.env["res.currency.rate"].create(
            {
                "currency_id": currency.id,
                "company_id": self.company.id,
                "name": date(2026, 1, 1),
                "rate": 1.2345,
            }
        )
        (self.server + self.traffic).iaas_price_ids.currency_id = currency
        self.contract.currency_id = currency
        move = self._check_equals_plain()
        self.assertNotEqual(move.amount_untaxed_signed, move.amount_untaxed)

    def test_equals_the_plain_way_under_a_fiscal_position(self):
        position = self.env["account.fiscal.position"].create({"name": "Export"})
        export = self.tax.copy({"name": "Export 0 %", "amount": 0})
        export.write(
            {
                "fiscal_position_ids": [Command.set(position.ids)],
                "original_tax_ids": [Command.set(self.tax.ids)],
            }
        )
        self.customer.property_account_position_id = position
        move = self._check_equals_plain()
        self.assertEqual(move.amount_tax, 0)
        self.assertEqual(move.invoice_line_ids.tax_ids, export)

    def test_invoice_has_the_day_of_whoever_is_responsible(self):
        """Invoices that the cron makes are dated as if the responsible made them."""
        self.billing_user.tz = "Asia/Tokyo"
        with freeze_time("2026-06-30 20:00:00"):
            run = self.env["iaas.billing.run"].create(
                {
                    "date": date(2026, 1, 31),
                    "contract_ids": self.contract.ids,
                    "user_id": self.billing_user.id,
                }
            )
            run.action_start()
        self.assertEqual(run.statement_ids.move_id.invoice_date, date(2026, 7, 1))

    def test_correction_goes_by_the_company_of_the_statement(self):
        """Whatever company the user is working in."""
        contract = self._iaas_contract(
            self.customer, state="active", date_start=date(2026, 1, 1)
        )
        self._iaas_resource(self.disk, contract)
        self.disk.iaas_price_ids.unit_price = "0"
        statement = self._bill_month(2026, 1, contract)
        self.assertFalse(statement.move_id)
        term = self.env.ref("account.account_payment_term_30days")
        position = self.env["account.fiscal.position"].create({"name": "Export"})
        self.customer.write(
            {
                "property_payment_term_id": term.id,
                "property_account_position_id": position.id,
            }
        )
        self._iaas_price(
            self.disk, "5", date_start=date(2026, 1, 1), contract_id=contract.id
        )
        sister = self.env["res.company"].create({"name": "Sister Cloud"})
        self.billing_user.company_ids = [Command.link(sister.id)]
        statement = statement.with_user(self.billing_user).with_context(
            allowed_company_ids=[sister.id, self.company.id]
        )
        correction = statement.browse(statement.action_correct()["res_id"])
        correction.action_post_correction()
        move = correction.move_id
        self.assertEqual(move.invoice_payment_term_id, term)
        self.assertEqual(move.fiscal_position_id, position)

    def test_payer_gets_the_invoice(self):
        """R90: who pays may differ from who uses; tax follows the user."""
        payer = self.env["res.partner"].create({"name": "Group Treasury"})
        self.contract.payer_id = payer
        statement = self._bill_month(2026, 1)
        self.assertEqual(statement.partner_id, self.customer)
        self.assertEqual(statement.move_id.partner_id, payer)
        self.assertEqual(statement.move_id.partner_shipping_id, self.customer)
        receivable = statement.move_id.line_ids.filtered(
            lambda line: line.display_type == "payment_term"
        )
        self.assertEqual(receivable.partner_id, payer)

    def test_lines_keep_the_contract_version(self):
        """R29: each rated line says under which terms it was made."""
        first = self.contract._current_version()
        january = self._bill_month(2026, 1)
        self.assertEqual(january.line_ids.contract_version_id, first)
        # Agreed today, 10 July: what was used before stays under the first version.
        self.contract.with_user(self.ops_manager).service_level = "99.95 %"
        second = self.contract.version_id
        self.assertEqual((second.number, second.date_effective), (2, date(2026, 7, 10)))
        june = self._bill_month(2026, 6)
        self.assertEqual(june.line_ids.contract_version_id, first)
        self.assertEqual(self.contract._version_on(date(2026, 7, 10)), second)

    def test_one_line_per_family(self):
        for _number in range(5):
            self._iaas_resource(self.server)
        self._iaas_resource(self.disk, quantity="10")
        move = self._bill_month(2026, 1).move_id
        names = move.invoice_line_ids.sorted("sequence").mapped("name")
        self.assertEqual(len(names), 3)
        self.assertTrue(any("resources: 6" in name for name in names))

    def test_one_line_per_product(self):
        self._iaas_resource(self.disk, quantity="10")
        self.contract.invoice_grouping = "product"
        statement = self._bill_month(2026, 1)
        move = statement.move_id
        self.assertEqual(len(move.invoice_line_ids), 3)
        self.assertEqual(
            {line.name.split(",")[0] for line in move.invoice_line_ids},
            {"Server", "Traffic", "Disk"},
        )
        self.assertEqual(move.amount_untaxed, statement.amount_untaxed)

    def test_one_line_for_the_contract(self):
        self.contract.invoice_grouping = "contract"
        statement = self._bill_month(2026, 1)
        line = statement.move_id.invoice_line_ids
        self.assertEqual(len(line), 1)
        self.assertIn(self.contract.name, line.name)
        self.assertEqual(line.price_subtotal, statement.amount_untaxed)
        # What the next statement goes by does not touch this one.
        self.contract.invoice_grouping = "family"
        self.assertEqual(statement.invoice_grouping, "contract")

    def test_analytic_by_family_and_customer(self):
        """Odoo's distribution models decide, as on any invoice."""
        accounts = {}
        for plan_name in ("Families", "Customers"):
            plan = self.env["account.analytic.plan"].create({"name": plan_name})
            accounts[plan_name] = self.env["account.analytic.account"].create(
                {"name": plan_name, "plan_id": plan.id}
            )
        Model = self.env["account.analytic.distribution.model"]
        families, customers = accounts["Families"], accounts["Customers"]
        Model.create(
            [
                {
                    "product_categ_id": self.compute.id,
                    "analytic_distribution": {str(families.id): 100},
                },
                {
                    "partner_id": self.customer.id,
                    "analytic_distribution": {str(customers.id): 100},
                },
            ]
        )
        move = self._bill_month(2026, 1).move_id
        for line in move.invoice_line_ids:
            of_compute = line.name.startswith(self.compute.name)
            expected = {str(customers.id): 100}
            if of_compute:
                expected[str(families.id)] = 100
            self.assertEqual(line.analytic_distribution, expected)
            self.assertTrue(line.analytic_line_ids)

    def test_income_account_of_the_category(self):
        account = self.env["account.account"].create(
            {"name": "Compute revenue", "code": "IAAS01", "account_type": "income"}
        )
        self.compute.property_account_income_categ_id = account
        move = self._bill_month(2026, 1).move_id
        self.assertIn(account, move.invoice_line_ids.account_id)
