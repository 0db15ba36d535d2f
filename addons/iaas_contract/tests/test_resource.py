from datetime import date
from decimal import Decimal

from freezegun import freeze_time
from psycopg2 import IntegrityError

from odoo.exceptions import ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import IaasContractCommon


@tagged("post_install", "-at_install")
@freeze_time("2026-03-10 12:00:00")
class TestResource(IaasContractCommon):
    def _resource(self, **values):
        return self.env["iaas.resource"].create(
            {
                "contract_id": self.contract.id,
                "product_id": self.server.id,
                "date_start": date(2026, 3, 10),
                **values,
            }
        )

    def test_quantity_is_exact(self):
        resource = self._resource(quantity="0.1")
        self.env.invalidate_all()
        self.assertEqual(resource.quantity, Decimal("0.1"))

    def test_state_and_its_search(self):
        stopped = self._resource(date_start=date(2026, 3, 1), date_end=date(2026, 3, 9))
        last_day = self._resource(
            date_start=date(2026, 3, 1), date_end=date(2026, 3, 10)
        )
        running = self._resource()
        planned = self._resource(date_start=date(2026, 3, 11))
        expected = {
            "stopped": stopped,
            "running": last_day + running,
            "planned": planned,
        }
        everything = stopped + last_day + running + planned
        for state, resources in expected.items():
            self.assertEqual(set(resources.mapped("state")), {state})
            for operator, value, found in (
                ("=", state, resources),
                ("!=", state, everything - resources),
            ):
                self.assertEqual(
                    everything.search(
                        [("state", operator, value), ("id", "in", everything.ids)]
                    ).sorted("id"),
                    found.sorted("id"),
                )

    def test_state_in_the_zone_of_the_contract(self):
        tokyo = self._iaas_contract(
            self.customer, state="active", timezone="Asia/Tokyo"
        )
        resource = self._resource(contract_id=tokyo.id, date_start=date(2026, 3, 11))
        self.assertEqual(resource.state, "planned")
        with freeze_time("2026-03-10 15:00:00"):
            resource.invalidate_recordset(["state"])
            self.assertEqual(resource.state, "running")
            self.assertIn(resource, resource.search([("state", "=", "running")]))

    @mute_logger("odoo.sql_db")
    def test_reference_is_unique(self):
        self._resource(external_ref="i-0af1")
        with self.assertRaises(IntegrityError), self.cr.savepoint():
            self._resource(external_ref="i-0af1")

    @mute_logger("odoo.sql_db")
    def test_impossible_values(self):
        for values in ({"quantity": 0}, {"date_end": date(2026, 3, 9)}):
            with self.assertRaises(IntegrityError), self.cr.savepoint():
                self._resource(**values)

    def test_begins_within_the_term(self):
        for day in (date(2024, 12, 31), date(2028, 1, 1)):
            with self.assertRaisesRegex(ValidationError, "outside the term"):
                self._resource(date_start=day)

    def test_stop(self):
        resource = self._resource()
        action = resource.action_stop()
        wizard = self.env[action["res_model"]].with_user(self.ops_user)
        wizard = wizard.with_context(**action["context"])
        with self.assertRaisesRegex(ValidationError, "cannot stop before that"):
            wizard.create({"date": date(2026, 3, 9)}).action_stop()
        wizard.create({"date": date(2026, 3, 12)}).action_stop()
        self.assertEqual(resource.date_end, date(2026, 3, 12))
        self.assertEqual(resource.state, "running")
