from datetime import date

from freezegun import freeze_time

from odoo import Command
from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import IaasContractCommon

REMINDER = "iaas_contract.mail_activity_type_renewal_reminder"
LOGGERS = (
    "odoo.addons.iaas_contract.models.iaas_contract_life",
    "odoo.addons.iaas_contract.models.iaas_contract_clock",
    "odoo.addons.iaas_contract.models.iaas_resource_change",
    "odoo.sql_db",
)


@tagged("post_install", "-at_install")
@freeze_time("2027-12-01 12:00:00")
class TestOneBadRecord(IaasContractCommon):
    """What cannot be followed is logged, and does not keep the rest from its turn."""

    def _run(self, xml_id):
        with self.enter_registry_test_mode():
            self.env.ref(f"iaas_contract.{xml_id}").method_direct_trigger()

    @mute_logger(*LOGGERS)
    def test_any_failure_of_one_contract(self):
        """Not only those that are told to users."""
        good = self._iaas_contract(self.customer, state="active")
        bad = self._iaas_contract(self.other_customer, state="active")
        follow = type(bad)._follow_term

        def fail(contract):
            if contract == bad:
                contract.env.cr.execute("SELECT 1 / 0")
            return follow(contract)

        self.patch(type(bad), "_follow_term", fail)
        self._run("ir_cron_iaas_contract_states")
        self.assertEqual(good.state, "expiring")

    def test_renewal_that_was_archived(self):
        """R45: an archived draft is taken out again; nothing lapses silently."""
        self.contract.action_open_renewal()
        renewal = self.contract.renewed_by_id
        renewal.active = False
        self._run("ir_cron_iaas_contract_states")
        self.assertEqual(self.contract.state, "expiring")
        self.assertEqual(self.contract.renewed_by_id, renewal)
        self.assertTrue(renewal.active)

    @mute_logger(*LOGGERS)
    def test_one_resource_that_cannot_follow(self):
        large = self._iaas_product("Large server", self.categ_compute, "200")
        self.contract.catalogue_id = False
        self.server.iaas_change_target_ids = large
        order = self._iaas_order(self.contract, (self.server, 2))
        order.commitment_date = "2027-11-01"
        order.action_confirm()
        bad, good = order.iaas_resource_ids
        order.iaas_resource_ids._make_change(
            "product", date(2027, 12, 10), large, None, None
        )
        follow = type(bad)._follow_segments

        def fail(resources):
            if bad in resources:
                resources.env.cr.execute("SELECT 1 / 0")
            return follow(resources)

        self.patch(type(bad), "_follow_segments", fail)
        with freeze_time("2027-12-11"):
            self._run("ir_cron_iaas_resource_segments")
            self.assertEqual(good.product_id, large)


@tagged("post_install", "-at_install")
@freeze_time("2027-03-10 12:00:00")
class TestEdgesOfTheTerm(IaasContractCommon):
    def test_changed_to_what_the_catalogue_took_in_later(self):
        """R30, R59: the catalogue of the day of the change decides, not that of the
        day on which the resource began."""
        large = self._iaas_product("Large server", self.categ_compute, "200")
        self.server.iaas_change_target_ids = large
        order = self._iaas_order(self.contract, (self.server, 1))
        order.commitment_date = "2027-03-11"
        order.action_confirm()
        with freeze_time("2027-06-01 12:00:00"):
            self.catalogue.product_ids += large
            resource = order.iaas_resource_ids
            resource._change("product", date(2027, 6, 1), large)
            self.assertEqual(resource.product_id, large)
            with self.assertRaisesRegex(ValidationError, "not in the catalogue"):
                resource.product_id = self.database

    def test_bounds_of_the_days(self):
        """R45: what no calendar can count is refused in words."""
        for values in (
            {"notice_days": 10_000_000},
            {"renew_months": 10_000_000},
        ):
            with (
                self.subTest(values),
                self.assertRaisesRegex(ValidationError, "at most|no more than"),
                self.cr.savepoint(),
            ):
                self.contract.write({"auto_renew": True, **values})
                self.env.flush_all()

    def test_customer_without_a_tier_is_renewed_ahead(self):
        """R45: nothing lapses silently."""
        self.customer.iaas_tier_id = False
        with freeze_time("2027-12-15 12:00:00"):
            self.contract._follow_term()
            self.assertEqual(self.contract.state, "expiring")
            self.assertTrue(self.contract.renewed_by_id)

    def test_terminated_contract_is_not_renewed(self):
        """A draft of its renewal goes, with its reminders; what was decided upon
        stays on record, archived."""
        self.contract.action_open_renewal()
        self.contract._terminate(date(2027, 6, 30), "Moves in house")
        self.assertFalse(self.contract.renewed_by_id)
        other = self._iaas_contract(self.customer, state="active")
        other.action_open_renewal()
        renewal = other.renewed_by_id
        renewal.action_send()
        renewal.action_draft()
        other._terminate(date(2027, 6, 30), "Moves in house")
        self.assertFalse(renewal.active)
        with self.enter_registry_test_mode():
            self.env.ref(
                "iaas_contract.ir_cron_iaas_contract_renewals"
            ).method_direct_trigger()
        self.assertFalse(renewal.activity_search([REMINDER]))

    def test_renewal_on_its_way_stops_a_termination(self):
        """It begins when its contract would have ended: somebody has to decide."""
        self.contract.action_open_renewal()
        renewal = self.contract.renewed_by_id
        renewal.action_send()
        with self.assertRaisesRegex(UserError, "on its way"):
            self.contract._terminate(date(2027, 6, 30), "Moves in house")

    def test_let_end_with_a_renewal_that_was_decided_upon(self):
        self.contract.action_open_renewal()
        renewal = self.contract.renewed_by_id
        renewal.action_send()
        renewal.action_draft()
        self.contract._let_end("Moves in house")
        self.assertFalse(renewal.active)
        self.assertTrue(self.contract.let_end_reason)
        # And back again.
        self.contract.action_open_renewal()
        self.assertEqual(self.contract.renewed_by_id, renewal)
        self.assertTrue(renewal.active)

    def test_month_end_comes_back(self):
        """R45: a term from the 31st of August ends with the last days of months."""
        contract = self._iaas_contract(
            self.customer,
            state="active",
            date_start=date(2026, 8, 31),
            date_end=date(2027, 2, 27),
            auto_renew=True,
            renew_months=6,
        )
        self.assertEqual(contract.term_months, 6)
        contract._follow_term()
        self.assertEqual(contract.date_end, date(2027, 8, 30))
        with freeze_time("2027-09-01 12:00:00"):
            contract._follow_term()
            self.assertEqual(contract.date_end, date(2028, 2, 28))

    def test_renewal_of_what_renewed_itself(self):
        """It is renewed for as long as it renews itself, not for all its past."""
        contract = self._iaas_contract(
            self.customer,
            state="active",
            date_end=date(2026, 12, 31),
            auto_renew=True,
            renew_months=12,
        )
        contract._follow_term()
        self.assertEqual(contract.date_end, date(2027, 12, 31))
        contract.action_open_renewal()
        self.assertEqual(contract.renewed_by_id.date_end, date(2028, 12, 31))

    def test_overlapping_contracts_of_a_customer(self):
        """Each order, price and resource keeps to its own contract."""
        other = self._iaas_contract(self.customer, state="active")
        self._iaas_price(self.server, "70", contract_id=other.id)
        self.env["iaas.contract.line"].create(
            {
                "contract_id": self.contract.id,
                "product_id": self.server.id,
                "discount": "10",
            }
        )
        first = self._iaas_order(self.contract, (self.server, 1))
        second = self._iaas_order(other, (self.server, 1))
        (first | second).action_confirm()
        self.assertEqual(first.amount_untaxed, 72)
        self.assertEqual(second.amount_untaxed, 70)
        self.assertEqual(first.iaas_resource_ids.contract_id, self.contract)
        self.assertEqual(second.iaas_resource_ids.contract_id, other)
        other._terminate(date(2027, 3, 31), "One is enough")
        self.assertFalse(first.iaas_resource_ids.date_end)
        self.assertEqual(second.iaas_resource_ids.date_end, date(2027, 3, 31))
        order = self.env["sale.order"].new({"partner_id": self.customer.id})
        order._onchange_partner_iaas_contract()
        self.assertFalse(order.iaas_contract_id, "there is a choice")

    def test_note_of_the_customer_is_text(self):
        """What somebody types in the portal is shown as it is, not as HTML."""
        contract = self._iaas_contract(self.customer, date_end=date(2030, 1, 1))
        contract.action_send()
        document = contract._documents_to_sign()
        document._decline('<a href="https://evil.example">Pay here</a>', self.contact)
        todo = contract.activity_ids.filtered("summary")
        self.assertNotIn("<a", str(todo.note))
        self.assertIn("Pay here", str(todo.note))


@tagged("post_install", "-at_install")
@freeze_time("2026-05-05")
class TestWhoWritesPrices(IaasContractCommon):
    """R52: no price is approved by who wrote it."""

    def test_writer_does_not_approve(self):
        author = self._iaas_user("author", "sales_team.group_sale_manager")
        version = (
            self.env["iaas.price.list.version"]
            .with_user(author)
            .create(
                {
                    "date_start": "2026-07-01",
                    "reason": "The market went down",
                    "approver_id": self.ops_manager.id,
                    "price_ids": [
                        Command.create(
                            {
                                "product_id": self.disk.id,
                                "charge_model": "graduated",
                                "tier_ids": [Command.create({"unit_price": 3})],
                            }
                        )
                    ],
                }
            )
        )
        price = version.with_context(active_test=False).price_ids
        for number, (records, values) in enumerate(
            (
                (price, {"free_units": 5}),
                (price.tier_ids, {"unit_price": 1}),
                (
                    price,
                    {"tier_ids": [Command.update(price.tier_ids.id, {"flat_fee": 1})]},
                ),
                (version, {"reason": "Mine"}),
                (version, {"price_ids": [Command.delete(price.id)]}),
            )
        ):
            user = self._iaas_user(f"writer{number}", "sales_team.group_sale_manager")
            with self.subTest(values):
                if "price_ids" in values:
                    price.copy({"version_id": version.id, "product_id": self.server.id})
                records.with_user(user).write(values)
                version.action_submit()
                self.assertFalse(version.with_user(user).may_approve)
                with self.assertRaisesRegex(UserError, "somebody else"):
                    version.with_user(user).action_approve()
                version._send_back("Again")
        version.action_submit()
        version.with_user(self.ops_manager).action_approve()
        self.assertEqual(version.state, "approved")

    def test_approver_asked_wrote_nothing(self):
        author = self._iaas_user("author", "sales_team.group_sale_manager")
        version = (
            self.env["iaas.price.list.version"]
            .with_user(author)
            .create(
                {
                    "date_start": "2026-07-01",
                    "reason": "The market went down",
                    "approver_id": self.ops_manager.id,
                    "price_ids": [
                        Command.create({"product_id": self.disk.id, "unit_price": 3})
                    ],
                }
            )
        )
        version.with_user(self.ops_manager).reason = "Mine"
        with self.assertRaisesRegex(UserError, "wrote"):
            version.action_submit()
