import base64
from datetime import date

from freezegun import freeze_time

from odoo import Command
from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common_signing import IaasSigningCommon


class TermsHeldCommon(IaasSigningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sales_manager = cls._iaas_user(
            "sales_manager", "sales_team.group_sale_manager"
        )
        # Discounts above 25 % are reviewed and approved.
        cls.breaks_rule = Command.create(
            {"product_id": cls.server.id, "discount": "40"}
        )

    def _own_price(self, contract):
        return self._iaas_price(
            self.disk,
            0,
            contract_id=contract.id,
            charge_model="graduated",
            tier_ids=[
                Command.create({"up_to": 10, "unit_price": 2}),
                Command.create({"sequence": 20, "unit_price": 1}),
            ],
        )

    def _contract(self, **values):
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
                    **values,
                }
            )
        )

    def _obligation(self, contract, **values):
        return self.env["iaas.contract.obligation"].create(
            {
                "name": "Hand over the network plan",
                "contract_id": contract.id,
                "side": "customer",
                "date_deadline": date(2026, 3, 31),
                **values,
            }
        )


@tagged("post_install", "-at_install")
@freeze_time("2026-03-10 12:00:00")
class TestTermsHeld(TermsHeldCommon):
    """R29, R36: what was submitted, approved or signed changes by no way around."""

    def test_tier_of_an_own_price_voids_what_was_sent(self):
        contract = self._sent()
        contract.action_draft()
        price = self._own_price(contract)
        contract.action_send()
        price.tier_ids[0].with_user(self.sales_manager).unit_price = 1
        self.assertEqual(contract.state, "draft")
        self.assertFalse(contract.sudo()._documents_to_sign())

    def test_who_writes_a_tier_does_not_approve_it(self):
        contract = self._contract(line_ids=[self.breaks_rule])
        price = self._own_price(contract)
        contract.action_submit()
        contract.with_user(self.ops_user)._decide("reviewed", "Fine")
        for change in (
            lambda tier: tier.write({"unit_price": 1}),
            lambda tier: tier.copy({"sequence": 0, "up_to": 5}),
            lambda tier: tier.unlink(),
        ):
            with self.subTest(change):
                change(price.tier_ids[0].with_user(self.sales_manager))
                self.assertEqual(contract.state, "draft")
                self.assertIn(self.sales_manager, contract.sudo().author_ids)
                contract.sudo()._set_life(state="review")
                contract.sudo()._set_life(state="approval")
                contract.sudo().submitted_digest = contract._terms_digest()
                with self.assertRaisesRegex(UserError, "somebody else"):
                    contract.with_user(self.sales_manager)._decide("approved", "Mine")

    def test_tier_in_force_makes_a_version(self):
        price = self._own_price(self.contract)
        version = self.contract._current_version()
        price.tier_ids[0].with_user(self.ops_manager).unit_price = 1
        self.assertGreater(self.contract.version_id.number, version.number)
        self.assertEqual(self.contract.version_id.digest, self.contract._terms_digest())

    def test_no_client_skips_the_check_of_tiers(self):
        """The flag under which tiers may be unsound for a moment can't be sent."""
        price = self._own_price(self.contract)
        tiers = price.tier_ids.with_context(iaas_tiers_pending=True)
        with self.assertRaises(ValidationError), self.cr.savepoint():
            tiers[1].up_to = 5
        with self.assertRaises(ValidationError), self.cr.savepoint():
            tiers[1].unlink()

    def test_who_writes_a_clause_of_an_amendment_does_not_approve_it(self):
        """Not either who writes the clause itself, past the form of the amendment."""
        self.contract.action_amend()
        version = self.contract.version_ids.filtered(lambda v: v.state == "draft")
        self.env["iaas.contract.clause"].with_user(self.sales_manager).create(
            {"version_id": version.id, "name": "Data", "text": "Stays in Japan."}
        )
        self.assertIn(self.sales_manager, version.sudo().writer_ids)

    def test_moving_a_part_is_a_change_of_both_contracts(self):
        one, other = self._sent(), self._contract(partner_id=self.other_customer.id)
        one.line_ids.contract_id = other
        self.assertEqual(one.state, "draft", "a discount was taken out")
        one = self._sent(
            clause_ids=[Command.create({"name": "Data", "text": "Stays in Japan."})]
        )
        one.clause_ids.contract_id = other
        self.assertEqual(one.state, "draft", "a clause was taken out")

    def test_foreign_version_is_not_signed_by_the_wizard(self):
        """The wizard signs the version of its contract, whatever the client sends."""
        company = self.env["res.company"].create({"name": "Elsewhere"})
        victim = self.env["iaas.contract"].create(
            {
                "title": "Not theirs",
                "partner_id": self.other_customer.id,
                "company_id": company.id,
                "date_start": date(2026, 6, 1),
                "signing_route": "offline",
                "timezone": "UTC",
            }
        )
        victim.action_send()
        own = self._sent(signing_route="offline")
        wizard = self.env["iaas.contract.sign"].with_user(self.sales_user)
        with (
            self.assertRaises(UserError),  # AccessError is one
            mute_logger("odoo.addons.base.models.ir_rule"),
        ):
            wizard.create(
                {
                    "contract_id": own.id,
                    "version_id": victim.version_id.id,
                    "signed_by": "Nobody",
                    "scan": self._scan(victim),
                    "is_compared": True,
                    "original_location": "Nowhere",
                    "page_note": "Whatever",
                }
            ).action_sign()
        self.assertEqual(victim.state, "sent")

    def _scan(self, contract):
        pages = contract.version_id.document_ids.page_count
        return base64.b64encode(self._iaas_pdf(pages))

    def test_fields_that_actions_set_are_not_written_by_hand(self):
        """R45, R46: no client decides that a contract ends or follows another, nor
        under which version or reference an order was placed."""
        contract = self.contract.with_user(self.sales_user)
        for values in (
            {"let_end_reason": "I say so"},
            {"renewal_of_id": self._contract().id},
            {"renewal_snooze_date": date(2030, 1, 1)},
            {"renewal_reminded_date": date(2030, 1, 1)},
            {"date_opened": date(2030, 1, 1)},
        ):
            with self.subTest(values), self.assertRaises(UserError):
                contract.write(values)
        order = self._iaas_order(self.contract, (self.server, 1))
        order.action_confirm()
        order = order.with_user(self.sales_user)
        for values in (
            {"iaas_contract_version_id": False},
            {"iaas_external_ref": "X-1"},
            {"iaas_request_digest": "0"},
        ):
            with self.subTest(values), self.assertRaises(UserError):
                order.write(values)

    def test_prices_of_running_order_lines_are_kept(self):
        """R30: exposure and commitment are counted from what was ordered."""
        order = self._iaas_order(self.contract, (self.server, 1))
        order.action_confirm()
        line = order.order_line.with_user(
            self._iaas_user("all", "sales_team.group_sale_salesman_all_leads")
        )
        for values in ({"price_unit": 0}, {"discount": 100}):
            with self.subTest(values), self.assertRaises(UserError):
                line.write(values)

    def test_digest_is_the_same_in_the_next_transaction(self):
        """Of a clause put before the others, and of a tier."""
        contract = self._contract(
            clause_ids=[Command.create({"name": "Last", "text": "2", "sequence": 9})]
        )
        price = self._own_price(contract)
        self.assertTrue(contract.clause_ids and price.tier_ids)
        contract.clause_ids = [
            Command.create({"name": "First", "text": "1", "sequence": 1})
        ]
        price.tier_ids = [Command.create({"sequence": 1, "up_to": 5, "unit_price": 3})]
        digest = contract._terms_digest()
        self.env.invalidate_all()
        self.assertEqual(contract._terms_digest(), digest)

    def test_amendment_reason_is_printed_so_it_is_kept(self):
        self.contract.action_amend()
        version = self.contract.version_ids.filtered(lambda v: v.state == "draft")
        version.with_user(self.sales_user).write(
            {"reason": "Longer term", "notice_days": 45}
        )
        version.action_submit()
        with self.assertRaisesRegex(UserError, "submitted"):
            version.with_user(self.sales_user).reason = "Something else"


@tagged("post_install", "-at_install")
@freeze_time("2026-03-10 12:00:00")
class TestObligationsAreTerms(TermsHeldCommon):
    """R28: what both sides owe is printed in what they sign, hence a term; whether it
    is done is not."""

    def test_change_voids_what_was_sent(self):
        for values in (
            {"name": "Hand over nothing"},
            {"side": "us"},
            {"date_deadline": date(2026, 12, 31)},
        ):
            with self.subTest(values):
                contract = self._sent()
                contract.action_draft()
                obligation = self._obligation(contract)
                contract.action_send()
                document = self._document(contract)
                obligation.with_user(self.sales_user).write(values)
                self.assertEqual(contract.state, "draft")
                self.assertEqual(document.state, "void")

    def test_added_or_removed_voids_what_was_sent(self):
        contract = self._sent()
        obligation = self._obligation(contract)
        self.assertEqual(contract.state, "draft")
        contract.action_send()
        obligation.unlink()
        self.assertEqual(contract.state, "draft")

    def test_moved_voids_both(self):
        contract, other = self._sent(), self._sent()
        contract.action_draft()
        obligation = self._obligation(contract)
        contract.action_send()
        obligation.contract_id = other
        self.assertEqual(contract.state, "draft")
        self.assertEqual(other.state, "draft")

    def test_done_and_owner_change_freely(self):
        contract = self._sent()
        contract.action_draft()
        obligation = self._obligation(contract)
        contract.action_send()
        digest = contract._terms_digest()
        obligation = obligation.with_user(self.sales_user)
        obligation.user_id = self.ops_user
        obligation.action_done()
        obligation.action_reopen()
        self.assertEqual(contract.state, "sent")
        self.assertEqual(contract._terms_digest(), digest)
        self._sign_online(self._document(contract))
        self.assertEqual(contract.state, "active")
        obligation.action_done()
        self.assertEqual(obligation.state, "done")
        self.assertEqual(contract.signature_status, "valid")

    def test_signed_wording_needs_an_addendum(self):
        contract = self._sent()
        contract.action_draft()
        obligation = self._obligation(contract)
        contract.action_send()
        self._sign_online(self._document(contract))
        version = contract.version_id
        for values in (
            {"name": "Hand over nothing"},
            {"side": "us"},
            {"date_deadline": date(2026, 12, 31)},
            {"contract_id": self.contract.id},
        ):
            with self.subTest(values), self.assertRaisesRegex(UserError, "addendum"):
                obligation.with_user(self.sales_user).write(values)
        with self.assertRaisesRegex(UserError, "addendum"):
            obligation.with_user(self.sales_user).unlink()
        with self.assertRaisesRegex(UserError, "addendum"):
            obligation.with_user(self.sales_user).copy()
        obligation.with_user(self.ops_manager).date_deadline = date(2026, 5, 31)
        self.assertGreater(contract.version_id.number, version.number)
        self.assertIn("2026-05-31", contract.version_id.summary)
        self.assertEqual(contract.signature_status, "outdated")

    def test_contracts_without_obligations_keep_their_digest(self):
        """What was approved before obligations were terms stays approved."""
        self.assertNotIn("obligations", self.contract._terms_data())
