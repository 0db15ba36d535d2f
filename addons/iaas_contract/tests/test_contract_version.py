from datetime import date

from freezegun import freeze_time
from psycopg2 import IntegrityError

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from ..models.iaas_contract_digest import terms_digest
from .common import IaasContractCommon


@tagged("post_install", "-at_install")
@freeze_time("2026-03-10 12:00:00")
class TestContractVersion(IaasContractCommon):
    """R27, R28: terms have versions; what changed, who agreed and since when."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sales_manager = cls._iaas_user(
            "sales_manager", "sales_team.group_sale_manager"
        )
        cls.line = cls.env["iaas.contract.line"].create(
            {
                "contract_id": cls.contract.id,
                "product_id": cls.server.id,
                "discount": "10",
            }
        )

    def _amend(self, user=None, **values):
        contract = self.contract.with_user(user or self.sales_user)
        action = contract.action_amend()
        version = contract.env[action["res_model"]].browse(action["res_id"])
        if values:
            version.write(values)
        return version

    def _agree(self, version):
        version.sudo().write(
            {"signed_by": "Mei Tanaka", "signed_date": date(2026, 3, 10)}
        )

    def test_first_version_when_sent_and_in_force_when_active(self):
        contract = self._iaas_contract(self.customer).with_user(self.sales_user)
        contract.action_send()
        version = contract.version_id
        self.assertEqual((version.number, version.state), (1, "approved"))
        self.assertEqual(version.digest, contract._terms_digest())
        contract._sign("Mei Tanaka", date(2026, 3, 10))
        self.assertEqual(contract.state, "active")
        self.assertEqual(version.state, "in_force")
        self.assertEqual(version.signed_by, "Mei Tanaka")
        self.assertEqual(version.date_effective, contract.date_start)

    def test_amendment_by_form(self):
        """A salesperson proposes; standard terms approve themselves; the customer
        signs; the contract then has the terms and the old version is superseded."""
        version = self._amend()
        first = self.contract.version_id
        with Form(version) as form:
            form.date_end = date(2028, 12, 31)
            form.credit_limit_amount = 5000
            with form.clause_ids.new() as clause:
                clause.name = "Data location"
                clause.text = "Data stays in Osaka."
        self.assertIn("Last Day: 2027-12-31 → 2028-12-31", version.changes)
        self.assertIn("Credit Limit: 0 → 5000", version.changes)
        self.assertIn("+ Clause: Data location", version.changes)
        self.assertEqual(self.contract.date_end, date(2027, 12, 31))
        version.date_effective = date(2026, 3, 10)
        version.action_submit()
        self.assertEqual(version.state, "approved")
        self.assertEqual(version.decision_ids.decision, "automatic")
        with self.assertRaisesRegex(UserError, "is not signed"):
            version.action_put_in_force()
        self._agree(version)
        version.action_put_in_force()
        self.assertEqual(self.contract.date_end, date(2028, 12, 31))
        self.assertEqual(str(self.contract.credit_limit_amount), "5000")
        self.assertEqual(self.contract.clause_ids.name, "Data location")
        self.assertEqual(self.contract.version_id, version.sudo())
        self.assertEqual((first.state, version.state), ("superseded", "in_force"))
        self.assertEqual(version.digest, self.contract._terms_digest())

    def test_discounts_change_from_the_day(self):
        """What was rated before the day of change keeps its discount."""
        version = self._amend(
            date_effective=date(2026, 4, 1),
            line_ids=[
                Command.clear(),
                Command.create({"product_id": self.server.id, "discount": "15"}),
                Command.create({"categ_id": self.categ_storage.id, "discount": "5"}),
            ],
        )
        version.action_submit()
        self._agree(version)
        with self.assertRaisesRegex(UserError, "takes effect on 2026-04-01"):
            version.action_put_in_force()
        with freeze_time("2026-04-01 00:10:00"):
            self.env["iaas.contract.version"]._cron_put_in_force()
        self.assertEqual(version.state, "in_force")
        contract = self.contract
        for day, product, discount in (
            (date(2026, 3, 31), self.server, 10),
            (date(2026, 4, 1), self.server, 15),
            (date(2026, 3, 31), self.disk, 0),
            (date(2026, 4, 1), self.disk, 5),
        ):
            self.assertEqual(contract._get_discount(product, day).discount, discount)
        self.assertEqual(
            contract._get_discount(self.server, date(2026, 3, 31)), self.line
        )

    def test_discount_from_a_spend_is_a_term(self):
        """What it needs is in the digest, in the changes and held apart."""
        before = self.contract._terms_digest()
        version = self._amend(
            line_ids=[
                Command.create(
                    {
                        "product_id": self.server.id,
                        "discount": "20",
                        "min_spend": "5000",
                    }
                )
            ],
            date_effective=date(2026, 3, 10),
        )
        self.assertEqual(self.contract._terms_digest(), before)
        self.assertIn("+ Discount: Server, 20 %, from a spend of 5000", version.changes)
        version.action_submit()
        self._agree(version)
        version.action_put_in_force()
        lines = self.contract.line_ids
        self.assertEqual(lines.mapped("min_spend"), [0, 5000])
        day = date(2026, 3, 10)
        discount = self.contract._get_discount
        self.assertEqual(discount(self.server, day).discount, 10)
        self.assertEqual(discount(self.server, day, bool).discount, 20)
        with self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"):
            self.contract.line_ids = [
                Command.create(
                    {
                        "product_id": self.server.id,
                        "discount": "30",
                        "min_spend": "5000",
                    }
                )
            ]

    def _propose_price(self, **values):
        """An amendment of a contract with an own price of 70 for servers."""
        own = self._iaas_price(
            self.server,
            "70",
            contract_id=self.contract.id,
            date_start=date(2026, 1, 1),
        )
        version = self._amend(self.sales_manager, date_effective=date(2026, 4, 1))
        version.price_ids.write(values)
        return own, version

    def test_own_price_changes_from_the_day(self):
        """The amendment proposes all own prices; the old one ends the day before."""
        own, version = self._propose_price(unit_price="68")
        self.assertFalse(version.price_ids.active)
        self.assertEqual(self.contract.price_ids, own)
        self.assertIn("− Own price: Server, 2026-01-01, Per unit, 70", version.changes)
        self.assertIn("+ Own price: Server, 2026-01-01, Per unit, 68", version.changes)
        version.action_submit()
        self._agree(version)
        with freeze_time("2026-04-01 00:10:00"):
            self.env["iaas.contract.version"]._cron_put_in_force()
        self.assertEqual(version.state, "in_force")
        self.assertEqual(self.contract.version_id, version.sudo())
        self.assertEqual(own.date_end, date(2026, 3, 31))
        new = self.contract.price_ids - own
        self.assertEqual(new, version.price_ids)
        self.assertEqual(new.date_start, date(2026, 4, 1))
        for day, amount in ((date(2026, 3, 31), 70), (date(2026, 4, 1), 68)):
            price = self.env["iaas.price"]._find(self.server, day, self.contract)
            self.assertEqual(price[self.server].compute_amount(1), amount)
        frozen = [row["unit_price"] for row in version.terms["prices"]]
        self.assertEqual(sorted(frozen), ["68", "70"])
        self.assertEqual(version.digest, self.contract._terms_digest())

    def test_own_price_taken_out_ends(self):
        own, version = self._propose_price()
        version.write({"date_effective": date(2026, 3, 10)})
        version.price_ids.unlink()
        version.price_ids = [
            Command.create({"product_id": self.disk.id, "unit_price": "0.04"})
        ]
        version.action_submit()
        self._agree(version)
        version.action_put_in_force()
        self.assertEqual(own.date_end, date(2026, 3, 9))
        new = self.contract.price_ids - own
        self.assertEqual(new.product_id, self.disk)
        self.assertEqual(new.date_start, date(2026, 3, 10))
        self.assertEqual(new.contract_id, self.contract)

    def test_own_price_that_stays(self):
        own, version = self._propose_price()
        version.write({"date_effective": date(2026, 3, 10), "credit_limit_amount": "9"})
        self.assertNotIn("Own price", version.changes)
        version.action_submit()
        self._agree(version)
        version.action_put_in_force()
        self.assertEqual(self.contract.price_ids, own)
        self.assertFalse(own.date_end)

    def test_two_own_prices_at_a_time(self):
        _own, version = self._propose_price()
        version.price_ids = [
            Command.create({"product_id": self.server.id, "unit_price": "60"})
        ]
        with self.assertRaisesRegex(UserError, "two own prices of Server at a time"):
            version.action_submit()

    def test_who_proposes_own_prices(self):
        _own, version = self._propose_price()
        price = version.price_ids
        with self.assertRaises(AccessError):
            price.with_user(self.sales_user).unit_price = "1"
        for values in (
            {"active": True},
            {"amendment_id": False},
            {"contract_id": False},
        ):
            with self.assertRaisesRegex(UserError, "not by hand"):
                price.write(values)
        other = self._iaas_price(
            self.traffic, "1", date_start=date(2019, 1, 1), date_end=date(2019, 1, 2)
        )
        with self.assertRaisesRegex(UserError, "not by hand"):
            other.with_user(self.sales_manager).amendment_id = version.id
        version.credit_limit_amount = "100"
        version.action_submit()
        for change in (
            lambda: price.write({"unit_price": "1"}),
            price.unlink,
            lambda: price.create(
                {
                    "product_id": self.disk.id,
                    "unit_price": "1",
                    "amendment_id": version.id,
                }
            ),
        ):
            with self.assertRaisesRegex(UserError, "was submitted"):
                change()

    def test_tampered_own_price(self):
        _own, version = self._propose_price(unit_price="68")
        version.date_effective = date(2026, 3, 10)
        version.action_submit()
        self._agree(version)
        version.price_ids.sudo().unit_price = "1"
        with self.assertRaisesRegex(UserError, "changed after its approval"):
            version.action_put_in_force()

    def test_own_prices_go_with_a_deleted_draft(self):
        own, version = self._propose_price(unit_price="65")
        proposed = version.price_ids
        version.unlink()
        self.assertFalse(proposed.exists())
        self.assertEqual(self.contract.price_ids, own)

    def test_review_judges_the_proposed_price(self):
        self.server.iaas_floor_price = "62"
        _own, version = self._propose_price(unit_price="65")
        # 65 less 10 %.
        self.assertIn("below its floor", version._breaches()[0])
        version.price_ids.unlink()
        self.assertFalse(version._breaches())

    def test_billing_timing(self):
        """R92: before, after or a share, for the contract and for a line: agreed,
        versioned and shown like any term."""
        digest = self.contract._terms_digest()
        version = self._amend(billing_timing="share", advance_percent="30")
        version.line_ids = [
            Command.create(
                {
                    "product_id": self.disk.id,
                    "discount": "0",
                    "billing_timing": "before",
                }
            )
        ]
        self.assertIn("→ A share before the service", version.changes)
        self.assertIn("In Advance (%): – → 30 % in advance", version.changes)
        self.assertIn("+ Discount: Disk, Before the service", version.changes)
        self.assertEqual(
            version._timing_text(), "30 % before the service, the rest after it"
        )
        self.assertIn("Before the service", version.line_ids[-1].display_name)
        proposal = version._proposal()
        self.assertEqual(proposal["advance_percent"], "30")
        version.write({"billing_timing": "after", "advance_percent": 0})
        version.line_ids[-1].unlink()
        self.assertEqual(terms_digest(version._proposal()), digest)

    def test_share_that_is_given_up(self):
        """What the contract has and the amendment drops does not stay in the terms."""
        self.contract.with_user(self.ops_manager).write(
            {"billing_timing": "share", "advance_percent": "30"}
        )
        version = self._amend(billing_timing="before", advance_percent="0")
        self.assertNotIn("advance_percent", version._proposal())
        self.assertIn("In Advance (%): 30 % in advance → –", version.changes)

    def test_two_amend_at_once(self):
        """Two users editing: one open amendment, and none from outdated terms."""
        version = self._amend(credit_limit_amount="100")
        self.assertEqual(self._amend(self.ops_user), version)
        with self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"):
            self.contract._new_version(state="draft", date_effective=date(2026, 3, 10))
        self.contract.with_user(self.ops_manager).date_end = date(2028, 6, 30)
        with self.assertRaisesRegex(UserError, "changed since"):
            version.action_submit()
        version.with_user(self.ops_user).action_withdraw()
        self.assertEqual(version.state, "void")
        self.assertNotEqual(self._amend(self.ops_user), version)

    def test_addendum_of_a_manager_is_a_version(self):
        self.contract._current_version()
        self.contract.with_user(self.ops_manager).write(
            {
                "date_end": date(2028, 12, 31),
                "line_ids": [
                    Command.create({"product_id": self.disk.id, "discount": "5"}),
                    Command.create({"product_id": self.traffic.id, "discount": "5"}),
                ],
            }
        )
        self.assertEqual(set(self.contract.version_ids.mapped("number")), {1, 2})
        version = self.contract.version_id
        self.assertEqual(version.author_id, self.ops_manager)
        self.assertIn("Last Day: 2027-12-31 → 2028-12-31", version.changes)
        self.assertIn("+ Discount: Disk, 5 %", version.changes)

    def test_submitted_terms_stand(self):
        version = self._amend(credit_limit_amount="100")
        version.action_submit()
        with self.assertRaisesRegex(UserError, "was submitted"):
            version.credit_limit_amount = "200"
        with self.assertRaisesRegex(UserError, "was submitted"):
            version.line_ids.discount = "50"
        with self.assertRaisesRegex(UserError, "by its buttons"):
            version.state = "in_force"
        with self.assertRaisesRegex(UserError, "was submitted"):
            version.unlink()
        version.action_draft()
        version.credit_limit_amount = "200"

    def test_tampered_amendment_does_not_come_into_force(self):
        version = self._amend(
            credit_limit_amount="100", date_effective=date(2026, 3, 10)
        )
        version.action_submit()
        self._agree(version)
        version.sudo().credit_limit_amount = "999"
        with self.assertRaisesRegex(UserError, "changed after its approval"):
            version.action_put_in_force()

    def test_nothing_to_approve(self):
        with self.assertRaisesRegex(UserError, "Nothing changes"):
            self._amend().action_submit()

    def test_amend_only_in_force(self):
        draft = self._iaas_contract(self.customer).with_user(self.sales_user)
        with self.assertRaisesRegex(UserError, "cannot be amended"):
            draft.action_amend()

    def test_orders_and_resources_keep_the_version(self):
        """R29: each order says which terms it was made under."""
        order = self._iaas_order(self.contract, (self.server, 1))
        order.action_confirm()
        first = self.contract.version_id
        self.assertEqual(order.iaas_contract_version_id, first)
        self.assertEqual(order.iaas_resource_ids.contract_version_id, first)
        self.contract.with_user(self.ops_manager).date_end = date(2028, 12, 31)
        later = self._iaas_order(self.contract, (self.server, 1))
        later.action_confirm()
        self.assertEqual(later.iaas_contract_version_id.number, 2)
        self.assertEqual(order.iaas_contract_version_id, first)

    def test_renews_itself(self):
        """Without notice in time the term goes on, as a version of its own."""
        self.contract.write({"auto_renew": True, "notice_days": 90, "renew_months": 12})
        self.contract._current_version()
        with freeze_time("2027-10-02 12:00:00"):
            self.contract._follow_term()
            self.assertEqual(self.contract.date_end, date(2027, 12, 31))
        with freeze_time("2027-10-03 12:00:00"):
            self.contract._follow_term()
            self.assertEqual(self.contract.date_end, date(2028, 12, 31))
            self.assertEqual(self.contract.state, "active")
            self.assertEqual(self.contract.version_id.number, 2)

    def test_terminated_contract_does_not_renew_itself(self):
        self.contract.write({"auto_renew": True, "notice_days": 90})
        self.contract._terminate(date(2027, 12, 31), "Moves in house")
        with freeze_time("2027-11-01 12:00:00"):
            self.contract._follow_term()
        self.assertEqual(self.contract.date_end, date(2027, 12, 31))
