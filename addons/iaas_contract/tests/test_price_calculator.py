"""The calculator and the curve on the price form."""

from decimal import Decimal

from odoo import Command
from odoo.tests import Form, HttpCase, tagged

from .test_price import TestPrice

D = Decimal


class TestPriceCalculator(TestPrice):
    def test_made_up_of_tiers(self):
        price = self._graduated(free_units=5)
        with Form(price) as form:
            form.trial_quantity = 17
            symbol = price.currency_id.symbol
            self.assertEqual(form.trial_result, f"{symbol}28.00")
            self.assertEqual(
                form.trial_detail.splitlines(),
                [
                    f"10 at {symbol}2.00 plus {symbol}1.00: {symbol}21.00",
                    f"2 at {symbol}1.00 plus {symbol}5.00: {symbol}7.00",
                ],
            )
            form.trial_discount = 50
            self.assertEqual(form.trial_result, f"{symbol}14.00")
            self.assertEqual(form.trial_average, f"{symbol}0.823529")
            form.max_amount = 10
            self.assertEqual(form.trial_result, f"{symbol}10.00")

    def test_percentage_needs_events(self):
        price = self._price(
            charge_model="percentage", rate_percent=1, fixed_per_event="0.10"
        )
        with Form(price) as form:
            form.trial_quantity = 500
            form.trial_events = 3
            self.assertIn("5.30", form.trial_result)
            form.trial_events = 0
            self.assertIn("events", form.trial_result)

    def test_every_charge_model_has_a_curve(self):
        tier = {"unit_price": 3, "rate_percent": 10, "block_size": 4}
        for model, values in (
            ("standard", {"unit_price": "0.1"}),
            ("package", {"package_size": 10, "package_price": 3}),
            ("graduated", {"tier_ids": [Command.create(tier)]}),
            ("volume", {"tier_ids": [Command.create(tier)]}),
            ("graduated_percentage", {"tier_ids": [Command.create(tier)]}),
            ("block", {"tier_ids": [Command.create(tier)]}),
            ("percentage", {"rate_percent": 1, "min_per_event": 2}),
            ("dynamic", {}),
        ):
            with self.subTest(model=model):
                price = self._price(charge_model=model, active=False, **values)
                points = price.curve["points"]
                quantity, amount = points[-1]
                self.assertEqual(D(quantity), 125)
                events = [quantity] if model == "percentage" else None
                self.assertEqual(D(amount), price.compute_amount(quantity, events))

    def test_curve_reaches_past_the_last_bound(self):
        price = self._graduated()
        price.tier_ids[0].up_to = 1000
        self.assertEqual(D(price.curve["points"][-1][0]), 1250)

    def test_unsound_price_says_why_there_is_no_curve(self):
        form = Form(self.env["iaas.price"])
        form.charge_model = "graduated"
        self.assertIn("at least one tier", form.curve["error"])

    def test_dips_are_marked_after_the_free_units(self):
        price = self._price(
            charge_model="volume",
            free_units=5,
            tier_ids=[
                Command.create({"up_to": 10, "unit_price": 2}),
                Command.create({"unit_price": 1}),
            ],
        )
        self.assertEqual(price.curve["dips"], ["15"])


@tagged("post_install", "-at_install")
class TestPriceCurveTour(TestPrice, HttpCase):
    def test_curve_follows_what_is_typed(self):
        self._graduated()
        manager = self._iaas_user("pricer", "sales_team.group_sale_manager")
        self.start_tour(
            "/odoo/iaas-prices", "iaas_contract_price_curve", login=manager.login
        )
