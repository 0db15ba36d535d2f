"""R11, R41, R44, R52: a deal is reckoned at the prices of its regions."""

from freezegun import freeze_time
from psycopg2.errors import UniqueViolation

from odoo import Command
from odoo.exceptions import ValidationError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from .common_deal import DealCommon


@tagged("post_install", "-at_install")
@freeze_time("2026-03-10 12:00:00")
class TestDealDimension(DealCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        region = cls.env.ref("iaas_contract.iaas_price_dimension_region")
        cls.sg1, cls.tk1 = cls.env["iaas.price.dimension.value"].create(
            [
                {"dimension_id": region.id, "code": "sg1", "name": "Singapore"},
                {"dimension_id": region.id, "code": "tk1", "name": "Tokyo"},
            ]
        )
        cls._iaas_price(
            cls.server, "100", dimension_value_ids=[Command.set(cls.tk1.ids)]
        )

    def _lines(self, *regions, **values):
        return [
            Command.create(
                {
                    "product_id": self.server.id,
                    "dimension_value_ids": [Command.set(region.ids)],
                    **values,
                }
            )
            for region in regions
        ]

    def _deal(self, model, lines, **values):
        values = {"lead_id": self.lead.id, "line_ids": lines, **values}
        return self.env[model].create(values)

    def test_estimate(self):
        """The price for the region, else that for any; the same service twice."""
        none = self.sg1.browse()
        estimate = self._deal(
            "iaas.deal.estimate",
            self._lines(none, self.sg1, self.tk1, quantity=2, unit_cost=50),
        )
        amounts = estimate.line_ids.mapped("list_amount")
        self.assertEqual(amounts, [160, 160, 200])
        self.assertFalse(estimate.warning)
        estimate.line_ids[1].dimension_value_ids = self.tk1
        self.assertEqual(estimate.line_ids[1].list_amount, 200)
        html = self.env["ir.actions.report"]._render_qweb_html(
            "iaas_contract.report_deal_estimate", estimate.ids
        )[0]
        self.assertIn("Region: Tokyo", html.decode())

    def test_estimate_says_where_no_price_is(self):
        self.server.iaas_price_ids.filtered(lambda p: not p.dimension_key).unlink()
        estimate = self._deal(
            "iaas.deal.estimate", self._lines(self.sg1, self.tk1, unit_cost=50)
        )
        self.assertIn("Region: Singapore", estimate.warning)
        self.assertNotIn("Tokyo", estimate.warning)

    def test_price_of_the_contract(self):
        self._iaas_price(
            self.server,
            "60",
            contract_id=self.contract.id,
            dimension_value_ids=[Command.set(self.tk1.ids)],
        )
        estimate = self._deal(
            "iaas.deal.estimate",
            self._lines(self.sg1, self.tk1),
            lead_id=False,
            contract_id=self.contract.id,
        )
        self.assertEqual(estimate.line_ids.mapped("list_amount"), [80, 60])

    def test_form_while_typing(self):
        with Form(
            self.env["iaas.deal.estimate"]
            .with_user(self.sales_user)
            .with_context(default_lead_id=self.lead.id)
        ) as form:
            with form.line_ids.new() as line:
                line.product_id = self.server
                line.dimension_value_ids.add(self.tk1)
                self.assertEqual(line.list_amount, 100)

    def test_two_values_of_a_dimension(self):
        with self.assertRaisesRegex(ValidationError, "Server has two values"):
            self._deal("iaas.deal.estimate", self._lines(self.sg1 + self.tk1))

    def test_negotiation(self):
        """R41: list, target and floor by region, beside the competitor's there."""
        self._deal(
            "iaas.competitor.offer",
            [
                *self._lines(self.tk1, competitor_price=90),
                *self._lines(self.sg1.browse(), competitor_price=95),
            ],
            competitor_id=self.env["iaas.competitor"].create({"name": "Nimbus"}).id,
        )
        pack = self._deal(
            "iaas.negotiation",
            self._lines(self.sg1, self.tk1, target_discount="10"),
        )
        in_sg, in_tk = pack.line_ids
        self.assertEqual((in_sg.list_amount, in_tk.list_amount), (80, 100))
        self.assertEqual((in_sg.target_amount, in_tk.target_amount), (72, 90))
        self.assertEqual((in_sg.competitor_amount, in_tk.competitor_amount), (95, 90))
        with (
            self.assertRaises(UniqueViolation),
            mute_logger("odoo.sql_db"),
            self.cr.savepoint(),
        ):
            pack.line_ids = self._lines(self.tk1)

    def test_competitor_offer(self):
        """R44: they are compared with what we ask in that region."""
        offer = self._deal(
            "iaas.competitor.offer",
            self._lines(self.sg1, self.tk1, competitor_price=80),
            competitor_id=self.env["iaas.competitor"].create({"name": "Nimbus"}).id,
        )
        self.assertEqual(offer.line_ids.mapped("our_price"), [80, 100])
        self.assertEqual(offer.line_ids.mapped("gap_percent"), [0, 25])
