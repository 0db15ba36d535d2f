"""R46: the second click arrives while the first is still at work."""

from datetime import date, timedelta

from psycopg2.errors import SerializationFailure

from odoo import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from .test_concurrency import ConcurrencyCommon


@tagged("post_install", "-at_install")
class TestPortalResourceRace(ConcurrencyCommon):
    """Two calls on connections of their own change and stop a resource once."""

    def _prepare(self, env, partner):
        self.addCleanup(self._clean_user)
        product = self._keep(
            env["product.product"].create(
                {
                    "name": "Racing disk",
                    "type": "service",
                    "is_iaas": True,
                    "iaas_charge_kind": "recurring",
                    "iaas_resource_policy": "per_line",
                    "taxes_id": [],
                }
            )
        )
        env["iaas.price"].create({"product_id": product.id, "unit_price": 2})
        contract = self._keep(
            env["iaas.contract"].create(
                {
                    "title": "Race",
                    "partner_id": partner.id,
                    "date_start": date(2026, 1, 1),
                    "timezone": "UTC",
                }
            )
        )
        contract.state = "active"
        contract._current_version()
        today = contract._today()
        resource = env["iaas.resource"].create(
            {
                "contract_id": contract.id,
                "product_id": product.id,
                "quantity": 10,
                "date_start": max(today - timedelta(days=5), contract.date_start),
            }
        )
        buyer = env["res.users"].create(
            {
                "name": "Racing buyer",
                "login": "racing.buyer",
                "group_ids": [Command.set(env.ref("base.group_portal").ids)],
            }
        )
        buyer.partner_id.write(
            {
                "parent_id": partner.id,
                "iaas_contact_role_ids": [
                    Command.set(
                        env.ref("iaas_customer.iaas_contact_role_decision_maker").ids
                    )
                ],
            }
        )
        self._keep(buyer.partner_id)
        self.resource_id, self.user_id = resource.id, buyer.id
        self.day = str(today + timedelta(days=3))

    def _clean_user(self):
        with self._connect() as env:
            env["iaas.resource"].browse(self.resource_id).message_ids.unlink()
            env["res.users"].browse(self.user_id).unlink()

    def _apply(self, env, kind, **form):
        resource = env(user=self.user_id)["iaas.resource"].browse(self.resource_id)
        asked, errors = resource._portal_read(kind, {"date": self.day, **form})
        self.assertFalse(errors)
        resource._portal_apply(asked)

    def _race(self, kind, **form):
        with self._connect() as first, self._connect() as second:
            # Both have seen the page before either clicks.
            for env in (first, second):
                env["iaas.resource"].browse(self.resource_id).quantity  # noqa: B018
            self._apply(first, kind, **form)
            first.flush_all()
            first.cr.commit()
            with self.assertRaises(SerializationFailure):
                self._apply(second, kind, **form)
            second.cr.rollback()
            second.invalidate_all()
            # What the database stops is repeated, as the server does.
            self._apply(second, kind, **form)
            second.flush_all()
            second.cr.commit()
            resource = second["iaas.resource"].browse(self.resource_id)
            words = resource.message_ids.filtered(
                lambda message: "portal" in (message.body or "")
            )
            self.assertEqual(len(words), 1)
            return str(resource.date_end), resource.segment_ids.mapped("quantity")

    @mute_logger("odoo.sql_db")
    def test_change(self):
        _last_day, quantities = self._race("resize", quantity="25")
        self.assertEqual(sorted(quantities), [10, 25])

    @mute_logger("odoo.sql_db")
    def test_stop(self):
        last_day, _quantities = self._race("stop")
        self.assertEqual(last_day, self.day)
