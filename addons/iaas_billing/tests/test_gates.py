import base64
from datetime import date

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import Form, tagged

from .common import IaasBillingCommon


@tagged("post_install", "-at_install")
class TestBillingGates(IaasBillingCommon):
    """What was billed stays, and nothing gets around it (R2, R64, R67)."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.resource = cls._iaas_resource(cls.server)
        cls.metered = cls._iaas_resource(cls.traffic)
        cls._use(cls.metered, ("2026-01-10 00:00:00", "100"))

    def assertRefused(self, pattern, change):
        with self.assertRaisesRegex(UserError, pattern), self.env.cr.savepoint():
            change()

    # === STATUS ===

    def test_default_of_the_context_sets_no_status(self):
        run = (
            self.env["iaas.billing.run"]
            .with_user(self.billing_user)
            .with_context(default_state="running")
            .create({"date": date(2026, 1, 31)})
        )
        self.assertEqual(run.state, "draft")
        usage_import = (
            self.env["iaas.usage.import"]
            .with_user(self.billing_user)
            .with_context(default_state="done", default_checksum="0", default_name="x")
            .create({"file": base64.b64encode(b"id"), "source_id": self.source.id})
        )
        self.assertEqual(
            (usage_import.name, usage_import.state, usage_import.checksum),
            ("x", "draft", False),
        )
        for values in ({"state": "done"}, {"checksum": "0"}, {"accepted_count": 5}):
            self.assertRefused("by hand", lambda: usage_import.write(values))  # noqa: B023

    def test_billed_until_is_not_written(self):
        contract = self.contract.with_user(self.sales_user)
        for values in (
            {"billed_until": "2030-01-01 00:00:00"},
            {"next_billing_date": False},
        ):
            self.assertRefused("by hand", lambda: contract.write(values))  # noqa: B023
        new = (
            self.env["iaas.contract"]
            .with_user(self.sales_user)
            .with_context(default_billed_until="2030-01-01 00:00:00")
            .create(
                {
                    "title": "Other",
                    "partner_id": self.customer.id,
                    "date_start": date(2026, 1, 1),
                }
            )
        )
        self.assertFalse(new.billed_until)

    def test_next_billing_date_while_dates_are_typed(self):
        with Form(self.contract) as form:
            form.date_end = date(2025, 6, 30)
            self.assertFalse(form.next_billing_date)
            form.date_end = date(2027, 12, 31)

    # === INVOICE ===

    def test_invoice_of_a_posted_statement_is_not_detached(self):
        statement = self._bill_month(2026, 1)
        move = statement.move_id.with_user(self.billing_user)
        self.assertRefused("by hand", lambda: move.write({"iaas_statement_id": False}))
        move.sudo().iaas_statement_id = False
        for change in (
            move.button_draft,
            move.button_cancel,
            lambda: move.write({"state": "draft"}),
        ):
            self.assertRefused("credit note", change)

    def test_statement_is_not_claimed_by_another_invoice(self):
        statement = self.env["iaas.statement"].create(
            self.contract._prepare_statement(
                *self.contract._due_periods(date(2026, 1, 31))[0]
            )
        )
        Move = self.env["account.move"].with_user(self.billing_user)
        values = {"move_type": "out_invoice", "partner_id": self.customer.id}
        self.assertRefused(
            "by hand", lambda: Move.create(values | {"iaas_statement_id": statement.id})
        )
        move = Move.with_context(default_iaas_statement_id=statement.id).create(values)
        self.assertFalse(move.iaas_statement_id)

    # === RESOURCE ===

    def test_billed_resource_is_not_rewritten(self):
        self._bill_month(2026, 1)
        other = self._iaas_contract(
            self.other_customer, state="active", date_start=date(2026, 1, 1)
        )
        for record in (self.resource, self.metered):
            resource = record.with_user(self.ops_manager)
            for values in (
                {"date_start": date(2026, 2, 1)},
                {"product_id": self.disk.id},
                {"contract_id": other.id},
            ):
                self.assertRefused(
                    "used or billed",
                    lambda: resource.write(values),  # noqa: B023
                )
            resource.write({"name": "Renamed", "product_id": record.product_id.id})

    def test_used_resource_is_not_moved(self):
        resource = self.metered.with_user(self.ops_manager)
        self.assertRefused(
            "used or billed", lambda: resource.write({"date_start": date(2026, 3, 1)})
        )

    def test_quantity_does_not_rewrite_past_days(self):
        resource = self.resource.with_user(self.ops_user)
        self.assertRefused(
            "days that are over", lambda: resource.write({"quantity": 5})
        )
        fresh = self._iaas_resource(self.server, date_start=date(2026, 7, 10))
        fresh.with_user(self.ops_user).quantity = 5
        self.metered.with_user(self.ops_user).quantity = 5
        self.resource.date_end = date(2026, 6, 30)
        self._run(date(2026, 6, 30))
        resource.quantity = 5

    def test_days_that_were_billed_are_kept(self):
        self._run(date(2026, 3, 31))
        resource = self.resource.with_user(self.ops_user)
        self.assertRefused(
            "billed up to 03/31/2026", lambda: resource._stop(date(2026, 3, 30))
        )
        resource._stop(date(2026, 3, 31))
        self.assertEqual(resource.date_end, date(2026, 3, 31))
        resource.date_end = False
        self.resource.date_end = date(2026, 2, 28)
        self.assertRefused(
            "billed up to", lambda: resource.write({"date_end": date(2026, 5, 31)})
        )
        values = {"contract_id": self.contract.id, "product_id": self.server.id}
        Resource = self.env["iaas.resource"].with_user(self.ops_user)
        self.assertRefused(
            "begin on 04/01/2026",
            lambda: Resource.create(values | {"date_start": date(2026, 3, 31)}),
        )
        new = Resource.create(values | {"date_start": date(2026, 4, 1)})
        self.assertRefused(
            "begin on 04/01/2026", lambda: new.write({"date_start": date(2026, 3, 1)})
        )

    def test_contract_does_not_end_before_billed_days(self):
        self._run(date(2026, 3, 31))
        contract = self.contract.with_user(self.ops_manager)
        for change in (
            lambda: contract.write({"date_end": date(2026, 3, 30)}),
            lambda: contract._terminate(date(2026, 3, 30), "moved"),
        ):
            self.assertRefused("cannot end on 03/30/2026", change)
        contract._terminate(date(2026, 3, 31), "moved")
        self.assertEqual(self.resource.date_end, date(2026, 3, 31))

    def test_order_calls_off_no_billed_days(self):
        self._run(date(2026, 3, 31))
        order = self._iaas_order(
            self.contract, (self.server, 1), commitment_date="2026-03-31 10:00:00"
        )
        self.assertRefused("billed up to 03/31/2026", order.action_confirm)
        order.commitment_date = "2026-04-01 10:00:00"
        order.action_confirm()
        self.assertEqual(order.iaas_resource_ids.date_start, date(2026, 4, 1))

    # === PRICE, SOURCE, METER ===

    def test_tier_is_not_moved_into_a_billed_price(self):
        self._bill_month(2026, 1)
        other = self._iaas_price(
            self.database,
            "1",
            date_start=date(2019, 1, 1),
            date_end=date(2019, 12, 31),
            tier_ids=[Command.create({"unit_price": "1"})],
        )
        price = self.server.iaas_price_ids
        self.assertRefused(
            "has billed", lambda: other.tier_ids.write({"price_id": price.id})
        )

    def test_run_that_has_begun_bills_what_was_chosen(self):
        self._iaas_resource(self.server)
        run = self._run(date(2026, 1, 31)).with_user(self.billing_manager)
        other = self._iaas_contract(self.customer, state="active")
        company = self.env["res.company"].create({"name": "Sister Cloud"})
        for values in (
            {"date": date(2026, 2, 28)},
            {"company_id": company.id},
            {"contract_ids": [Command.set(other.ids)]},
        ):
            self.assertRefused("has begun", lambda: run.write(values))  # noqa: B023
        run.write({"date": run.date, "contract_ids": run.contract_ids.ids})

    def test_what_was_previewed_for_another_day_is_not_billed(self):
        self._iaas_resource(self.server)
        run = (
            self.env["iaas.billing.run"]
            .with_user(self.billing_user)
            .create({"date": date(2026, 6, 30), "contract_ids": self.contract.ids})
        )
        run.action_preview()
        self.assertEqual(len(run.statement_ids), 6)
        run.date = date(2026, 1, 30)
        run.action_start()
        self.assertFalse(self.contract.statement_ids)

    def test_blocker_is_not_moved_to_another_contract(self):
        run = self._run(date(2026, 1, 31))
        blocker = self.env["iaas.billing.blocker"]._set_aside(
            run, self.contract, "no reason"
        )
        other = self._iaas_contract(self.customer, state="active")
        for values in ({"contract_id": other.id}, {"reason": "mine"}):
            self.assertRefused(
                "by hand",
                lambda: blocker.with_user(self.billing_user).write(values),  # noqa: B023
            )

    def test_meter_with_usage_keeps_what_it_is_billed_as(self):
        """A period that is rated again would be billed as another product."""
        self._use(self._iaas_resource(self.traffic), ("2026-01-05 00:00:00", "1"))
        for values in (
            {"product_id": self.database.id},
            {"uom_id": self.env.ref("uom.product_uom_dozen").id},
        ):
            self.assertRefused(
                "has usage already",
                lambda: self.meter.write(values),  # noqa: B023
            )
        self.meter.write({"product_id": self.traffic.id, "name": "Out"})

    def test_lines_of_a_posted_invoice_stay(self):
        self._iaas_resource(self.server)
        line = self._bill_month(2026, 1).move_id.invoice_line_ids
        for user in (self.billing_manager, self._accountant()):
            line = line.with_user(user)
            for values in (
                {"price_unit": 1},
                {"quantity": 2},
                {"discount": 10},
                {"balance": -1},
                {"tax_ids": False},
            ):
                self.assertRefused("", lambda: line.write(values))  # noqa: B023
            line.write({"name": "Compute, said otherwise"})

    def _accountant(self):
        return self._iaas_user("accountant", "account.group_account_manager")

    def test_source_with_usage_keeps_its_identity(self):
        company = self.env["res.company"].create({"name": "Sister Cloud"})
        for values in ({"code": "new"}, {"company_id": company.id}):
            self.assertRefused(
                "have sent usage",
                lambda: self.source.write(values),  # noqa: B023
            )
        self.source.write({"name": "Renamed", "code": self.source.code})
        self.assertRefused(
            "by hand",
            lambda: self.source.with_user(self.billing_manager).write(
                {"last_received_at": False}
            ),
        )
        fresh = self.env["iaas.usage.source"].create({"code": "fresh"})
        fresh.code = "fresher"

    def test_meter_and_source_by_code_alone_and_copied(self):
        meter = self.env["iaas.meter"].create(
            {"code": "db.hours", "aggregation": "sum", "product_id": self.database.id}
        )
        source = self.env["iaas.usage.source"].create({"code": "tokyo"})
        self.assertEqual((meter.name, source.name), ("db.hours", "tokyo"))
        copied = meter.copy()
        self.assertEqual((copied.code, copied.active), ("db.hours-copy", False))
        self.assertEqual(source.copy({"code": "osaka"}).code, "osaka")
        self.assertEqual(source.copy().code, "tokyo-copy")
