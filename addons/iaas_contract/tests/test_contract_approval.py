from datetime import date

from freezegun import freeze_time

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from .common import IaasContractCommon


@tagged("post_install", "-at_install")
@freeze_time("2026-03-10 12:00:00")
class TestContractApproval(IaasContractCommon):
    """R36, R37: standard terms approve themselves, others wait for somebody who is
    not their author; an approval holds for the very terms it was given to."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sales_manager = cls._iaas_user(
            "sales_manager", "sales_team.group_sale_manager"
        )
        cls.accountant = cls._iaas_user("chief", "account.group_account_manager")

    def _contract(self, discount="40", **values):
        return (
            self.env["iaas.contract"]
            .with_user(self.sales_user)
            .create(
                {
                    "title": "Cloud services",
                    "partner_id": self.customer.id,
                    "date_start": date(2026, 1, 1),
                    "date_end": date(2026, 12, 31),
                    "timezone": "UTC",
                    "catalogue_id": self.catalogue.id,
                    "line_ids": [
                        Command.create(
                            {"product_id": self.server.id, "discount": discount}
                        )
                    ],
                    **values,
                }
            )
        )

    def _decide(self, judged, user, action, reason="Large customer"):
        opened = getattr(judged.with_user(user), action)()
        wizard = Form(
            self.env[opened["res_model"]]
            .with_user(user)
            .with_context(**opened["context"])
        )
        wizard.reason = reason
        wizard.save().action_decide()

    def test_standard_terms_approve_themselves(self):
        contract = self._contract("10")
        contract.action_send()
        self.assertEqual(contract.state, "sent")
        self.assertEqual(contract.decision_ids.decision, "automatic")
        self.assertEqual(contract.decision_ids.digest, contract._terms_digest())

    def test_own_price_far_below_the_list_is_a_discount(self):
        """R36, R37: what no discount may come to, no own price may either, nor both
        together."""
        manager = self.sales_manager
        for unit_price, discount, needs in (
            ("1", "0", True),
            ("50", "0", True),
            ("70", "10", False),
            ("64", "10", True),
            ("90", "0", False),
        ):
            with self.subTest(unit_price=unit_price, discount=discount):
                contract = self._contract(discount)
                price = self.env["iaas.price"].with_user(manager)
                price.create(
                    {
                        "product_id": self.server.id,
                        "contract_id": contract.id,
                        "unit_price": unit_price,
                    }
                )
                self.assertEqual(
                    contract._approval_rules().mapped("condition"),
                    ["discount"] if needs else [],
                )
        contract = self._contract("0")
        self._iaas_price(
            self.traffic,
            0,
            contract_id=contract.id,
            charge_model="graduated",
            tier_ids=[
                Command.create({"up_to": 100, "unit_price": "0.085"}),
                Command.create({"sequence": 20, "unit_price": "0.01"}),
            ],
        )
        self.assertTrue(contract._approval_rules(), "a deep tier")

    def test_own_price_of_an_amendment_is_a_discount(self):
        self.contract.action_amend()
        version = self.contract.version_ids.filtered(lambda v: v.state == "draft")
        version.with_user(self.sales_manager).price_ids = [
            Command.create({"product_id": self.server.id, "unit_price": 1})
        ]
        self.assertEqual(version._approval_rules().mapped("condition"), ["discount"])

    def test_deep_discount_goes_the_whole_way(self):
        contract = self._contract()
        with self.assertRaisesRegex(UserError, "are not approved yet"):
            contract.action_send()
        contract.action_submit()
        self.assertEqual(contract.state, "review")
        self._decide(contract, self.ops_user, "action_pass_review")
        self.assertEqual(contract.state, "approval")
        with self.assertRaisesRegex(UserError, "are not approved yet"):
            contract.action_send()
        with self.assertRaises(AccessError):
            self._decide(contract, self.ops_user, "action_approve")
        self.assertTrue(contract.with_user(self.sales_manager).may_approve)
        self._decide(contract, self.sales_manager, "action_approve")
        self.assertTrue(contract.is_approved)
        self.assertEqual(contract.approved_by_id, self.sales_manager)
        contract.action_send()
        self.assertEqual(contract.state, "sent")
        self.assertEqual(
            contract.decision_ids.mapped("decision"), ["approved", "reviewed"]
        )

    def test_author_neither_reviews_nor_approves(self):
        contract = self._contract()
        contract.with_user(self.sales_manager).line_ids.discount = "45"
        contract.action_submit()
        with self.assertRaisesRegex(UserError, "You wrote or submitted"):
            self._decide(contract, self.sales_manager, "action_pass_review")
        self._decide(contract, self.ops_user, "action_pass_review")
        with self.assertRaisesRegex(UserError, "You wrote or submitted"):
            self._decide(contract, self.sales_manager, "action_approve")
        self._decide(contract, self.ops_manager, "action_approve")
        self.assertTrue(contract.is_approved)

    def test_each_rule_has_its_approver(self):
        contract = self._contract(credit_limit_amount="250000")
        contract.action_submit()
        self._decide(contract, self.ops_user, "action_pass_review")
        self._decide(contract, self.sales_manager, "action_approve")
        self.assertFalse(contract.is_approved)
        self._decide(contract, self.accountant, "action_approve")
        self.assertTrue(contract.is_approved)

    def test_refusal_keeps_its_reason(self):
        contract = self._contract()
        contract.action_submit()
        self._decide(contract, self.ops_user, "action_pass_review")
        self._decide(contract, self.sales_manager, "action_refuse", "Too deep")
        self.assertEqual(contract.state, "draft")
        self.assertEqual(contract.decision_ids[0].reason, "Too deep")
        self.assertIn("Too deep", contract.message_ids[0].body)

    def test_change_of_terms_voids_the_approval(self):
        contract = self._contract("10")
        contract.action_send()
        version = contract.version_id
        contract.line_ids.discount = "11"
        self.assertEqual(contract.state, "draft")
        self.assertFalse(contract.is_approved)
        self.assertEqual(version.state, "void")
        contract.action_send()
        self.assertEqual(contract.version_id.number, 2)
        self.assertIn("− Discount: Server, 10 %", contract.version_id.changes)
        self.assertIn("+ Discount: Server, 11 %", contract.version_id.changes)

    def test_change_behind_the_back_is_found(self):
        contract = self._contract("10")
        contract.action_send()
        self.env.cr.execute(
            "UPDATE iaas_contract_line SET discount = 90 WHERE contract_id = %s",
            [contract.id],
        )
        self.env.invalidate_all()
        with self.assertRaisesRegex(UserError, "changed after their approval"):
            contract._sign("Mei Tanaka", date(2026, 3, 10))

    def test_what_is_not_a_term_voids_nothing(self):
        contract = self._contract("10")
        contract.action_send()
        contract.write({"title": "Cloud", "signature_deadline": date(2026, 4, 1)})
        self.assertEqual(contract.state, "sent")

    def test_what_was_decided_upon_stays_on_record(self):
        contract = self._contract("10")
        contract.action_send()
        with self.assertRaisesRegex(UserError, "cannot be archived"):
            contract.action_archive()
            self.env.flush_all()
        contract.action_draft()
        with self.assertRaisesRegex(UserError, "stays on record"):
            contract.unlink()
        contract.action_archive()
        self.assertFalse(contract.active)

    def test_decisions_are_append_only(self):
        contract = self._contract("10")
        contract.action_send()
        decision = contract.decision_ids.sudo()
        with self.assertRaisesRegex(UserError, "kept as it was made"):
            decision.reason = "Another"
        with self.assertRaisesRegex(UserError, "cannot be deleted"):
            decision.unlink()
        with self.assertRaises(UserError):
            decision.with_user(self.sales_manager).create(
                {
                    "contract_id": contract.id,
                    "decision": "approved",
                    "reason": "Forged",
                    "digest": "0",
                }
            )

    def test_rule_by_tier(self):
        self.env["iaas.contract.approval.rule"].create(
            {
                "name": "Small B is decided by the chief accountant",
                "condition": "always",
                "tier_ids": self.tier_small.ids,
                "user_ids": self.accountant.ids,
            }
        )
        self.assertFalse(self._contract("10")._approval_rules())
        other = self._contract("10", partner_id=self.other_customer.id)
        self.assertEqual(other._approval_rules().user_ids, self.accountant)

    def test_amendment_needs_the_same_approval(self):
        contract = self.contract.with_user(self.sales_user)
        version = contract.env["iaas.contract.version"].browse(
            contract.action_amend()["res_id"]
        )
        version.line_ids = [
            Command.create({"product_id": self.server.id, "discount": "60"})
        ]
        version.action_submit()
        self.assertEqual(version.state, "in_review")
        with self.assertRaisesRegex(UserError, "You wrote or submitted"):
            self._decide(version, self.sales_user, "action_approve")
        self._decide(version, self.sales_manager, "action_refuse", "Too deep")
        self.assertEqual(version.state, "refused")
        self.assertEqual(version.decision_ids.reason, "Too deep")


@tagged("post_install", "-at_install")
@freeze_time("2026-03-10 12:00:00")
class TestContractReview(IaasContractCommon):
    """R37 to R39: one sheet with margins, payments and the catalogue."""

    def _sheet(self, contract, user=None):
        action = contract.with_user(user or self.sales_user).action_open_review()
        sheet = self.env[action["res_model"]].with_user(user or self.sales_user)
        Form(
            sheet.browse(action["res_id"]),
            view="iaas_contract.iaas_contract_review_view_form",
        )
        return sheet.browse(action["res_id"])

    def _line(self, sheet, product):
        return sheet.line_ids.filtered(lambda line: line.product_id == product)

    def test_floor_breach_in_red_and_to_be_approved(self):
        self.server.iaas_floor_price = "75"
        contract = self._iaas_contract(
            self.customer,
            catalogue_id=self.catalogue.id,
            line_ids=[Command.create({"product_id": self.server.id, "discount": "10"})],
        )
        sheet = self._sheet(contract)
        line = self._line(sheet, self.server)
        self.assertEqual((line.list_unit, line.net_unit, line.floor_unit), (80, 72, 75))
        self.assertTrue(line.is_breach)
        self.assertIn("offered at 72, below its floor of 75", line.note)
        self.assertEqual(sheet.breach_count, 1)
        self.assertIn("below floor", sheet.needed)
        contract.with_user(self.sales_user).action_submit()
        self.assertEqual(contract.state, "review")

    def test_catalogue(self):
        """R39: what cannot be delivered over the whole term."""
        self.disk.iaas_retiring_date = date(2026, 6, 30)
        self.traffic.sale_ok = False
        sheet = self._sheet(self.contract)
        self.assertIn("last order on 2026-06-30", self._line(sheet, self.disk).note)
        self.assertIn("Not on sale", self._line(sheet, self.traffic).note)
        self.assertFalse(self._line(sheet, self.server).note)

    def test_margin_where_the_cost_is_known(self):
        self._iaas_order(self.contract, (self.server, 3)).action_confirm()
        self.patch(
            self.registry["iaas.contract.review"],
            "_get_unit_costs",
            lambda self, products: {product: 60 for product in products[:1]},
        )
        sheet = self._sheet(self.contract)
        line = self._line(sheet, self.server)
        self.assertEqual((line.quantity, line.revenue), (3, 240))
        self.assertEqual((line.margin_percent, sheet.margin_percent), (25, 25))

    def test_what_is_quoted_is_expected(self):
        self._iaas_order(self.contract, (self.server, 3)).action_confirm()
        self._iaas_order(self.contract, (self.server, 2), (self.disk, 100))
        sheet = self._sheet(self.contract)
        line = self._line(sheet, self.server)
        self.assertEqual((line.quantity, line.quoted, line.revenue), (3, 2, 400))
        self.assertEqual(self._line(sheet, self.disk).revenue, 5)

    def test_renewal_goes_on_with_what_runs(self):
        self._iaas_order(self.contract, (self.server, 3)).action_confirm()
        self.contract._open_renewal()
        renewal = self.contract.renewed_by_id
        self.assertEqual(self._line(self._sheet(renewal), self.server).quantity, 3)

    def test_deepest_discount_is_judged(self):
        self.server.iaas_floor_price = "75"
        self.contract.line_ids = [
            Command.create(
                {"product_id": self.server.id, "discount": "10", "min_spend": "9000"}
            )
        ]
        line = self._line(self._sheet(self.contract), self.server)
        self.assertTrue(line.is_breach)
        self.assertIn("This discount from a spend of 9000.", line.note)

    def test_queries_do_not_grow_with_the_resources(self):
        """Ten resources or two hundred: the sheet asks the database as often."""
        counts = []
        for number in (10, 190):
            self.env["iaas.resource"].create(
                [
                    {
                        "name": f"Server {index}",
                        "contract_id": self.contract.id,
                        "product_id": self.server.id,
                        "date_start": date(2026, 1, 1),
                    }
                    for index in range(number)
                ]
            )
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            self._sheet(self.contract)
            self.env.flush_all()
            counts.append(self.cr.sql_log_count - before)
        self.assertLessEqual(counts[1], counts[0])

    def _invoice(self, due, amount):
        invoice = self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": self.customer.id,
                "invoice_date": date(2025, 12, 1),
                "invoice_date_due": due,
                "invoice_line_ids": [
                    Command.create(
                        {"name": "Cloud", "price_unit": amount, "tax_ids": False}
                    )
                ],
            }
        )
        invoice.action_post()
        return invoice

    def test_payments_and_proposal(self):
        """R38: days late, overdue and use of the limit lead to safer terms."""
        if not self.env["account.journal"].search([("type", "=", "sale")], limit=1):
            self.env["account.chart.template"].try_loading(
                "generic_coa", company=self.env.company, install_demo=False
            )
        self.contract.credit_limit_amount = "1000"
        self._invoice(date(2026, 1, 29), 900)  # 40 days ago
        sheet = self._sheet(self.contract)
        self.assertEqual(
            (sheet.receivable, sheet.overdue, sheet.days_late, sheet.late_count),
            (900, 900, 40, 1),
        )
        self.assertEqual(sheet.limit_use, 90)
        self.assertEqual(sheet.dso, 365)
        self.assertIn("Prepaid", sheet.proposal)
        self.assertIn("90 %", sheet.proposal)
        other = self._iaas_contract(self.other_customer)
        self.assertFalse(self._sheet(other).proposal)
