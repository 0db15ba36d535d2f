from datetime import date, timedelta
from decimal import Decimal
from unittest.mock import patch

from freezegun import freeze_time
from psycopg2 import IntegrityError

from odoo import fields
from odoo.exceptions import (
    AccessError,
    ConcurrencyError,
    UserError,
    ValidationError,
)
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from .common import IaasContractCommon


@tagged("post_install", "-at_install")
@freeze_time("2026-03-10 12:00:00")
class TestOrderPlacing(IaasContractCommon):
    """R46: the cloud platform places its orders itself, each exactly once."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server.default_code = "SRV"
        cls.disk.default_code = "DSK"
        cls.platform = cls._iaas_user(
            "platform", "sales_team.group_sale_salesman_all_leads"
        )
        cls.lines = [
            {"product": "SRV", "quantity": 2},
            {"product": "DSK", "quantity": "0.5"},
        ]

    def _place(self, external_ref="P-1", contract=None, lines=None, **values):
        return (
            self.env["sale.order"]
            .with_user(self.platform)
            .iaas_place_order(
                external_ref,
                self.contract.name if contract is None else contract,
                self.lines if lines is None else lines,
                **values,
            )
        )

    def test_placed_and_confirmed(self):
        placed = self._place(customer_ref="PO 77")
        order = self.env["sale.order"].browse(placed["id"])
        self.assertEqual(order.state, "sale")
        self.assertEqual(order.iaas_contract_id, self.contract)
        self.assertEqual(order.client_order_ref, "PO 77")
        self.assertEqual(
            placed,
            {
                "id": order.id,
                "name": order.name,
                "external_ref": "P-1",
                "state": "sale",
                "held": False,
                "resources": [
                    {
                        "external_ref": resource.external_ref,
                        "product_id": resource.product_id.id,
                        "product": resource.product_id.default_code,
                        "quantity": quantity,
                        "date_start": "2026-03-10",
                    }
                    for resource, quantity in zip(
                        order.iaas_resource_ids.sorted("id"),
                        ("1", "1", "0.5"),
                        strict=True,
                    )
                ],
            },
        )

    def test_again_changes_nothing(self):
        first = self._place()
        again = self._place(
            lines=[
                {"product": self.server.id, "quantity": "2.0"},
                {"quantity": 0.50, "product": "DSK", "resources": []},
            ]
        )
        self.assertEqual(again, first)
        self.assertEqual(self.contract.order_count, 1)
        self.assertEqual(self.contract.resource_count, 3)

    def test_other_content_is_refused(self):
        self._place()
        for changed in (
            {"lines": self.lines[:1]},
            {"lines": [{"product": "SRV", "quantity": 3}, self.lines[1]]},
            {"service_date": "2026-04-01"},
            {"customer_ref": "PO 78"},
            {"contract": self._iaas_contract(self.customer, state="active").name},
        ):
            with self.assertRaisesRegex(ValidationError, "P-1 with other content"):
                self._place(**changed)
        self.assertEqual(self.contract.resource_count, 3)

    @mute_logger("odoo.sql_db")
    def test_unique_in_the_database(self):
        placed = self._place()
        order = self._iaas_order(self.contract, (self.server, 1))
        with self.assertRaises(IntegrityError), self.cr.savepoint():
            order.iaas_external_ref = placed["external_ref"]
            order.flush_recordset()

    @mute_logger("odoo.sql_db")
    def test_two_calls_at_once(self):
        """The call that comes second by a hair is repeated, and finds the order."""
        self._place()
        nothing = self.env["sale.order"]
        found = patch.object(
            self.registry["sale.order"],
            "_iaas_find_placed",
            lambda self, ref, company: nothing,
        )
        with found, self.assertRaises(ConcurrencyError):
            self._place()
        self.assertEqual(self.contract.order_count, 1)

    def test_service_date_in_the_zone_of_the_contract(self):
        self.contract.timezone = "Asia/Tokyo"
        placed = self._place(service_date="2026-05-01")
        order = self.env["sale.order"].browse(placed["id"])
        self.assertEqual(str(order.commitment_date), "2026-04-30 15:00:00")
        self.assertEqual(
            set(order.iaas_resource_ids.mapped("date_start")), {date(2026, 5, 1)}
        )

    def test_references_of_the_platform(self):
        lines = [
            {"product": "SRV", "quantity": 2, "resources": ["i-1", "i-2"]},
            {"product": "DSK", "quantity": 20, "resources": ["vol-1"]},
        ]
        placed = self._place(lines=lines)
        self.assertEqual(
            [resource["external_ref"] for resource in placed["resources"]],
            ["i-1", "i-2", "vol-1"],
        )
        self.assertEqual(self._place(lines=lines), placed)
        with self.assertRaisesRegex(ValidationError, "in use: vol-1"):
            self._place("P-2", lines=[lines[1]])
        order = self.env["sale.order"].browse(placed["id"])
        order._action_cancel()
        order.action_draft()
        order.action_confirm()
        self.assertEqual(
            set(order.iaas_resource_ids.mapped("external_ref")),
            {"i-1", "i-2", "vol-1"},
        )

    def test_refused_whole_with_every_reason(self):
        bad = [
            {"product": "XYZ", "quantity": 1},
            {"product": "SRV", "quantity": "many"},
            {"product": "SRV", "quantity": True},
            {"product": "SRV", "quantity": "NaN"},
            {"product": "SRV"},
            {"product": "SRV", "quantity": 1, "price": 1},
            {"product": "SRV", "quantity": 2, "resources": ["i-1"]},
            {"product": "DSK", "quantity": 1, "resources": "vol"},
            "SRV",
        ]
        with self.assertRaises(ValidationError) as refusal:
            self._place(lines=bad)
        message = str(refusal.exception)
        for number, reason in enumerate(
            (
                "0 IaaS products are called XYZ",
                "quantity many is not a number",
                "quantity True is not a number",
                "quantity NaN is not a number",
                "with product and quantity",
                "unknown: price",
                "1 references for 2 resources",
                "a list of references",
                "with product and quantity",
            )
        ):
            self.assertIn(f"lines[{number}]: ", message)
            self.assertIn(reason, message)
        self.assertFalse(self.contract.order_count)

    def test_refused_requests(self):
        for values, reason in (
            ({"external_ref": " "}, "a reference of its own"),
            ({"contract": "FC/none"}, "0 framework contracts"),
            ({"contract": {}}, "0 framework contracts"),
            ({"lines": []}, "at least one line"),
            ({"lines": {"product": "SRV"}}, "at least one line"),
            ({"service_date": "tomorrow"}, "is not a day"),
        ):
            with self.assertRaisesRegex(ValidationError, reason):
                self._place(**values)

    def test_terms_of_the_contract_hold(self):
        """R27: what the contract does not allow is refused, and nothing stored."""
        self.database.default_code = "DB"
        with self.assertRaisesRegex(UserError, "not in the catalogue"):
            with self.cr.savepoint():
                self._place(lines=[{"product": "DB", "quantity": 1}])
        self.assertFalse(self.contract.order_count)

    def test_only_who_may_order(self):
        for user in (
            self.auditor,
            self.ops_user,
            self._iaas_portal_user("buyer", self.customer),
        ):
            with (
                self.assertRaises(AccessError),
                mute_logger("odoo.addons.base.models.ir_rule"),
            ):
                self.env["sale.order"].with_user(user).iaas_place_order(
                    "P-9", self.contract.name, self.lines
                )

    def test_quantity_arrives_exactly(self):
        placed = self._place(lines=[{"product": "DSK", "quantity": "1234.56"}])
        resource = self.env["sale.order"].browse(placed["id"]).iaas_resource_ids
        self.assertEqual(resource.quantity, Decimal("1234.56"))


@tagged("post_install", "-at_install")
class TestOrderPlacingHttp(IaasContractCommon, HttpCase):
    def test_json_2(self):
        """R46: through Odoo's JSON-2 API; the same call again is the same order."""
        platform = self._iaas_user(
            "platform", "sales_team.group_sale_salesman_all_leads"
        )
        key = (
            self.env["res.users.apikeys"]
            .with_user(platform)
            ._generate("rpc", "Platform", fields.Datetime.now() + timedelta(days=1))
        )
        self.contract.date_end = False
        body = {
            "external_ref": "P-1",
            "contract": self.contract.name,
            "lines": [{"product": self.server.id, "quantity": 1}],
        }
        # The refusal is logged as a warning of HTTP.
        with mute_logger("odoo.http"):
            answers = [
                self.url_open(
                    "/json/2/sale.order/iaas_place_order",
                    json=body | changed,
                    headers={"Authorization": f"Bearer {key}"},
                )
                for changed in ({}, {}, {"lines": []})
            ]
        self.assertEqual([answer.status_code for answer in answers], [200, 200, 422])
        self.assertEqual(answers[0].json()["state"], "sale")
        self.assertEqual(answers[1].json(), answers[0].json())
        self.assertIn("at least one line", answers[2].json()["message"])
        self.assertEqual(self.contract.order_count, 1)
