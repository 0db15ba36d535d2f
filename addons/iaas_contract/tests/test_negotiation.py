from datetime import date
from decimal import Decimal

from freezegun import freeze_time

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import tagged

from .common_deal import DealCommon


@tagged("post_install", "-at_install")
@freeze_time("2026-03-10 12:00:00")
class TestNegotiation(DealCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sales_manager = cls._iaas_user(
            "sales_manager", "sales_team.group_sale_manager"
        )
        cls.competitor = cls.env["iaas.competitor"].create(
            {"name": "Nimbus of the Test"}
        )
        cls.pack = cls.env["iaas.negotiation"].create(
            {
                "lead_id": cls.lead.id,
                "line_ids": [
                    Command.create(
                        {
                            "product_id": cls.server.id,
                            "quantity": 10,
                            "target_discount": 10,
                        }
                    )
                ],
            }
        )
        cls.line = cls.pack.line_ids

    def _offer(self, price, **values):
        return self.env["iaas.competitor.offer"].create(
            {
                "lead_id": self.lead.id,
                "competitor_id": self.competitor.id,
                "line_ids": [
                    Command.create(
                        {
                            "product_id": self.server.id,
                            "quantity": 10,
                            "competitor_price": price,
                        }
                    )
                ],
                **values,
            }
        )

    def _move(self, **values):
        return self.env["iaas.negotiation.move"].create(
            {"negotiation_id": self.pack.id, "description": "Discount", **values}
        )

    def test_pack_shows_all_prices(self):
        """R41: list, floor, target and competitor price per product."""
        self._offer("70")
        self.assertEqual(self.line.list_amount, Decimal(800))
        self.assertEqual(self.line.floor_amount, Decimal(560), "30 % at most")
        self.assertEqual(self.line.target_amount, Decimal(720))
        self.assertEqual(self.line.competitor_amount, Decimal(700))
        self.assertEqual(self.line.granted_amount, Decimal(800))

    def test_floor_follows_the_narrower_mandates(self):
        """A mandate for another family or tier does not count here."""
        self.env["iaas.negotiation.mandate"].search([]).unlink()
        manager = self.env.ref("iaas_customer.group_iaas_ops_manager")
        mandate = self.env["iaas.negotiation.mandate"].create(
            {
                "group_id": manager.id,
                "max_discount": 50,
                "categ_id": self.categ_storage.id,
            }
        )
        self.line.invalidate_recordset()
        self.assertEqual(self.line.floor_amount, Decimal(800))
        mandate.categ_id = self.categ_cloud
        self.line.invalidate_recordset()
        self.assertEqual(self.line.floor_amount, Decimal(400))
        mandate.tier_id = self.tier_small
        self.line.invalidate_recordset()
        self.assertEqual(self.line.floor_amount, Decimal(800))

    def test_floor_price_of_the_service(self):
        """R37: never below the floor price of the service."""
        self.server.iaas_floor_price = "75"
        self.line.invalidate_recordset()
        self.assertEqual(self.line.floor_amount, Decimal(750))
        self._move(discount=10).action_grant()
        self.assertTrue(self.line.is_below_floor)

    def test_who_may_grant_what(self):
        """R41: a role grants within its mandate; beyond, it is told who may."""
        small, large, huge = (self._move(discount=discount) for discount in (5, 15, 60))
        self.assertTrue(small.with_user(self.sales_user).may_grant)
        small.with_user(self.sales_user).action_grant()
        self.assertEqual(small.decided_by_id, self.sales_user)
        with self.assertRaisesRegex(UserError, "Who may: .*Administrator"):
            large.with_user(self.sales_user).action_grant()
        large.with_user(self.sales_manager).action_grant()
        with self.assertRaisesRegex(UserError, "No role may grant"):
            huge.with_user(self.sales_manager).action_grant()
        service = self._move(kind="service", description="Silver becomes gold")
        with self.assertRaises(UserError):
            service.with_user(self.sales_manager).action_grant()

    def test_get_needs_no_mandate(self):
        get = self._move(
            direction="get", kind="term", description="Three years", value=5000
        )
        get.with_user(self.sales_user).action_grant()
        self.assertEqual(self.pack.got_value, 5000)
        self.assertEqual(self.pack.given_value, 0)

    def test_granted_discount_counts(self):
        self._move(discount=10).with_user(self.sales_manager).action_grant()
        self.assertEqual(self.line.granted_amount, Decimal(720))
        self._move(discount=5, product_id=self.disk.id).action_grant()
        self.assertEqual(self.line.granted_discount, 10)
        self._move(discount=15, product_id=self.server.id).action_grant()
        self.assertEqual(self.line.granted_amount, Decimal(680))
        self.assertFalse(self.line.is_below_floor)

    def test_log_is_kept(self):
        move = self._move(discount=5)
        with self.assertRaisesRegex(UserError, "Agree and Refuse"):
            move.with_user(self.sales_manager).state = "granted"
        with self.assertRaisesRegex(UserError, "Agree and Refuse"):
            self.env["iaas.negotiation.move"].with_user(self.sales_manager).create(
                {
                    "negotiation_id": self.pack.id,
                    "description": "Done",
                    "state": "granted",
                }
            )
        move.with_user(self.sales_user).action_refuse()
        for deed in (
            lambda: move.write({"discount": 1}),
            move.action_grant,
            move.unlink,
            self.pack.unlink,
        ):
            with self.assertRaisesRegex(UserError, "stays in the log"):
                deed()

    def test_competitor_gap(self):
        """R44: how much dearer we are, per product and in all."""
        offer = self._offer("64")
        self.assertEqual(offer.line_ids.our_price, Decimal(80))
        self.assertEqual(offer.line_ids.gap_percent, 25)
        self.assertEqual(offer.our_amount, 800)
        self.assertEqual(offer.gap_percent, 25)
        offer.line_ids.our_price = "60"
        self.assertEqual(offer.gap_percent, -6.25)

    def test_our_price_is_the_contracts(self):
        self.env["iaas.contract.line"].create(
            {
                "contract_id": self.contract.id,
                "product_id": self.server.id,
                "discount": "10",
            }
        )
        offer = self._offer("64", lead_id=False, contract_id=self.contract.id)
        self.assertEqual(offer.line_ids.our_price, Decimal(72))

    def test_outcome_follows_the_opportunity(self):
        offer = self._offer("64")
        self.assertEqual(offer.outcome, "pending")
        self.lead.action_set_won()
        self.assertEqual(offer.outcome, "won")
        self.assertEqual(self.competitor.won_count, 1)
        self.lead.write({"stage_id": self.env["crm.stage"].search([])[:1].id})
        self.lead.action_set_lost()
        self.assertEqual(offer.outcome, "lost")
        self.competitor.invalidate_recordset()
        self.assertEqual(self.competitor.win_rate, 0)

    def test_outcome_follows_the_contract(self):
        """R44: a contract signed is won, one that was let go is lost."""
        contract = self._iaas_contract(self.customer, date_start=date(2026, 5, 1))
        offer = self._offer("64", lead_id=False, contract_id=contract.id)
        contract.action_send()
        self.assertEqual(offer.outcome, "pending")
        contract._sign("Mei Tanaka", date(2026, 3, 10))
        self.assertEqual(offer.outcome, "won")
        threat = self._offer(
            "50",
            lead_id=False,
            contract_id=self.contract.id,
            competitor_id=self.competitor.copy({"name": "Stratus of the Test"}).id,
        )
        self.assertEqual(threat.outcome, "pending")
        self.contract._terminate(date(2026, 3, 9), "Gone to Stratus")
        self.assertEqual(threat.outcome, "lost")
