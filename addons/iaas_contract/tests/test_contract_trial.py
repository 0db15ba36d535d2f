from datetime import date

from freezegun import freeze_time
from lxml import html
from psycopg2 import IntegrityError

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import Form, HttpCase, tagged
from odoo.tools import mute_logger

from .common import IaasContractCommon

TRIAL = "iaas_contract.mail_activity_type_trial"


class TrialCommon(IaasContractCommon):
    def _trial(self, until="2026-03-31", contract=None, user=None, **values):
        return (
            self.env["iaas.contract.line"]
            .with_user(user or self.env.user)
            .create(
                {
                    "contract_id": (contract or self.contract).id,
                    "is_trial": True,
                    "date_end": date.fromisoformat(until),
                    **values,
                }
            )
        )

    def _activities(self):
        return self.contract.activity_search([TRIAL])


@tagged("post_install", "-at_install")
@freeze_time("2026-03-10 12:00:00")
class TestContractTrial(TrialCommon):
    """R63: a contract grants a free trial until a day, as a discount of 100 %, and
    tells its owner in time that it ends."""

    def test_form(self):
        """Free Trial fills in what it means, for all services without a target."""
        contract = self._iaas_contract(self.customer).with_user(self.sales_user)
        with Form(contract) as form, form.line_ids.new() as line:
            line.is_trial = True
            self.assertEqual(line.discount, 100)
            self.assertEqual(line.target_hint, "All services")
            line.date_end = date(2026, 3, 31)
        self.assertEqual(contract.line_ids.display_name, "Free trial: All services")
        self.assertEqual(contract.trial_end, date(2026, 3, 31))
        self.assertEqual(contract.current_trial_end, date(2026, 3, 31))
        with freeze_time("2026-04-01 12:00:00"):
            contract.invalidate_recordset(["current_trial_end"])
            self.assertFalse(contract.current_trial_end)

    def test_of_a_product_a_category_and_all(self):
        product = self._trial(product_id=self.server.id)
        category = self._trial(categ_id=self.categ_storage.id, until="2026-04-30")
        contract = self.contract
        for day, rented, trial in (
            (date(2026, 3, 31), self.server, product),
            (date(2026, 4, 1), self.server, product.browse()),
            (date(2026, 4, 30), self.disk, category),
            (date(2026, 3, 31), self.traffic, product.browse()),
        ):
            self.assertEqual(contract._get_trial(rented, day), trial)
        full = self._trial("2026-06-30")
        self.assertEqual(contract._get_trial(self.traffic, date(2026, 5, 1)), full)
        self.assertEqual(
            contract._get_trial(self.server, date(2026, 3, 1)), full, "the longest"
        )

    def test_what_was_agreed_holds_beside_it(self):
        """A trial may lie over a discount of the same product; orders and reviews
        show what is due after it."""
        standing = self.env["iaas.contract.line"].create(
            {
                "contract_id": self.contract.id,
                "product_id": self.server.id,
                "discount": "10",
            }
        )
        self._trial(product_id=self.server.id)
        day = date(2026, 3, 10)
        self.assertEqual(self.contract._get_discount(self.server, day), standing)
        order = self._iaas_order(self.contract, (self.server, 1))
        self.assertEqual(order.order_line.discount, 10)

    @mute_logger("odoo.sql_db")
    def test_what_no_trial_is(self):
        for values, constraint in (
            ({"date_end": False}, "trial_ends"),
            ({"date_end": date(9999, 12, 31)}, "trial_is_free"),
            ({"discount": "50"}, "trial_is_free"),
            ({"min_spend": "500"}, "trial_is_free"),
            ({"billing_timing": "before"}, "trial_is_free"),
        ):
            with (
                self.subTest(values),
                self.assertRaisesRegex(IntegrityError, constraint),
            ):
                with self.env.cr.savepoint():
                    self._trial(**values)
        self._trial()
        with self.assertRaises(IntegrityError), self.env.cr.savepoint():
            self._trial("2026-04-30")
        with self.assertRaises(IntegrityError), self.env.cr.savepoint():
            self.env["iaas.contract.line"].create(
                {"contract_id": self.contract.id, "discount": "10"}
            )

    def test_needs_the_approval_of_such_a_discount(self):
        """Salespeople do not give services away by themselves (R37)."""
        contract = self._iaas_contract(self.customer).with_user(self.sales_user)
        before = contract._terms_digest()
        trial = self._trial(contract=contract, user=self.sales_user)
        self.assertTrue(contract._approval_rules())
        self.assertNotEqual(contract._terms_digest(), before)
        with self.assertRaisesRegex(UserError, "are not approved yet"):
            contract.action_send()
        trial.unlink()
        self.assertEqual(contract._terms_digest(), before)

    def test_roles(self):
        """Those who write discounts of a draft grant trials; after signing only an
        operations manager does so without an amendment."""
        writers = {"sales_user", "sales_manager", "ops_user", "ops_manager"}
        draft = self._iaas_contract(self.customer, user_id=self.sales_user.id)
        for role, user in self._iaas_roles().items():
            access = self.env["iaas.contract.line"].with_user(user)
            with self.subTest(role=role):
                self.assertEqual(access.has_access("create"), role in writers)
            if role not in writers:
                continue
            self._trial(contract=draft, user=user).unlink()
            with self.subTest(role=role, signed=True):
                if role == "ops_manager":
                    self._trial(user=user).unlink()
                else:
                    with (
                        self.assertRaisesRegex(UserError, "is signed"),
                        self.env.cr.savepoint(),
                    ):
                        self._trial(user=user)

    def test_an_amendment_extends_it(self):
        trial = self._trial(date_start=date(2026, 3, 1))
        self.contract._current_version()
        contract = self.contract.with_user(self.sales_user)
        version = self.env["iaas.contract.version"].browse(
            contract.action_amend()["res_id"]
        )
        version = version.with_user(self.sales_user)
        self.assertTrue(version.line_ids.is_trial)
        version.line_ids.date_end = date(2026, 5, 31)
        self.assertIn(
            "+ Discount: free trial, 100 %, 2026-03-01, 2026-05-31", version.changes
        )
        version.date_effective = date(2026, 3, 10)
        version.action_submit()
        self.assertEqual(version.state, "in_review", "somebody has to approve it")
        version.sudo()._settle("approved", "")
        version.sudo().write({"signed_by": "Mei", "signed_date": date(2026, 3, 10)})
        version.action_put_in_force()
        self.assertEqual(trial.date_end, date(2026, 5, 31))
        self.assertEqual(self.contract.line_ids, trial, "it is the same trial")
        self.assertEqual(self.contract.trial_end, date(2026, 5, 31))

    def test_a_renewal_is_no_trial(self):
        self._trial("2028-06-30")
        with freeze_time("2027-11-01 12:00:00"):
            renewal = self.env["iaas.contract"].browse(
                self.contract.action_open_renewal()["res_id"]
            )
        self.assertFalse(renewal.line_ids)

    # === REMINDER ===

    def test_reminder(self):
        """A week before the last day the owner is asked to talk to the customer; an
        extension takes the question back, a repeated run asks once."""
        trial = self._trial()
        self.contract.user_id = self.sales_user
        self.contract._follow_trials()
        self.assertFalse(self._activities())
        with freeze_time("2026-03-24 00:30:00"):
            self.contract._follow_trials()
            self.contract._follow_trials()
            asked = self._activities()
            self.assertEqual(asked.user_id, self.sales_user)
            self.assertEqual(asked.date_deadline, date(2026, 3, 31))
            self.assertIn("All services", asked.note)
            trial.date_end = date(2026, 3, 30)
            self.contract._follow_trials()
            self.assertEqual(self._activities().date_deadline, date(2026, 3, 30))
            trial.date_end = date(2026, 6, 30)
            self.contract._follow_trials()
            self.assertFalse(self._activities())

    def test_cron_finds_what_ends_soon(self):
        self.patch(
            self.registry["ir.cron"],
            "_commit_progress",
            lambda cron, processed=0, *, remaining=None, deactivate=False: 600,
        )
        draft = self._iaas_contract(self.customer)
        self._trial("2026-03-12")
        self._trial("2026-03-12", contract=draft)
        self.env["iaas.contract"]._cron_follow_trials()
        self.assertTrue(self._activities())
        self.assertFalse(draft.activity_search([TRIAL]))

    def test_terminated_in_the_trial(self):
        """The question goes with the contract."""
        self._trial("2026-03-12")
        self.contract._follow_trials()
        self.contract._terminate(date(2026, 3, 10), "Does not fit")
        self.assertFalse(self._activities())
        self.contract._follow_trials()
        self.assertFalse(self._activities())


@tagged("post_install", "-at_install")
class TestContractTrialPortal(TrialCommon, HttpCase):
    """R63: the customer sees until when it is free."""

    def test_portal(self):
        today = self.contract._today()
        portal = self._iaas_portal_user("trial_portal", self.customer)
        self.authenticate(portal.login, portal.login)
        path = f"/my/contracts/{self.contract.id}"
        self._trial("2025-02-01", date_start=date(2025, 1, 1))
        self.assertNotIn("Free trial", self.url_open(path).text)
        self.contract.line_ids = [
            Command.create(
                {
                    "is_trial": True,
                    "categ_id": self.categ_storage.id,
                    "date_start": today,
                    "date_end": today,
                }
            )
        ]
        text = html.fromstring(self.url_open(path).text).text_content()
        self.assertRegex(" ".join(text.split()), r"Free trial until .*, Storage")

    def test_the_document_names_it(self):
        """What the customer signs says what is free, and until when."""
        self._trial("2027-06-30")
        version = self.contract._current_version()
        texts = []
        render = self.registry["ir.qweb"]._render

        def keep(*args, **kwargs):
            texts.append(str(render(*args, **kwargs)))
            return texts[-1]

        self.patch(self.registry["ir.qweb"], "_render", keep)
        version._render_pdf()
        self.assertIn("All services", texts[-1])
        self.assertIn("Free trial", texts[-1])
