from freezegun import freeze_time

from odoo import Command, fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from odoo.addons.iaas_customer.models.res_partner import ACTIVITY_MEND, ACTIVITY_VERIFY

from .common import IaasCustomerCommon


@tagged("post_install", "-at_install")
@freeze_time("2026-03-02 09:00:00")
class TestVerification(IaasCustomerCommon):
    """R10: operations verify a customer; nothing else makes it verified."""

    def _activities(self, partners, xmlid):
        return partners.activity_search([xmlid])

    def _reject(self, partner, reason, user):
        action = partner.with_user(user).action_iaas_reject()
        wizard = Form(
            self.env[action["res_model"]]
            .with_user(user)
            .with_context(**action["context"])
        )
        wizard.reason = reason
        wizard.save().action_confirm()

    def test_submit_and_verify(self):
        self.customer.with_user(self.sales_user).action_iaas_submit_verification()
        self.assertEqual(self.customer.iaas_verification_state, "in_review")
        activity = self._activities(self.customer, ACTIVITY_VERIFY)
        self.assertEqual(len(activity), 1)
        self.assertTrue(
            activity.user_id.has_group("iaas_customer.group_iaas_ops_user"), "R1"
        )
        self.assertEqual(activity.date_deadline, fields.Date.to_date("2026-03-04"))

        self.customer.with_user(self.ops_user).action_iaas_verify()
        self.assertRecordValues(
            self.customer,
            [
                {
                    "iaas_verification_state": "verified",
                    "iaas_verification_date": fields.Date.to_date("2026-03-02"),
                    "iaas_verifier_id": self.ops_user.id,
                }
            ],
        )
        self.assertFalse(self._activities(self.customer, ACTIVITY_VERIFY))

    def test_verifier_is_owner_then_backup_then_submitter(self):
        """R1, R3: the queue item goes to who knows the customer."""
        self.customer.iaas_backup_user_id = self.ops_user
        self.other_customer.user_id = self.ops_manager
        both = self.customer | self.other_customer
        both.with_user(self.ops_user).action_iaas_submit_verification()
        self.assertEqual(
            self._activities(self.customer, ACTIVITY_VERIFY).user_id, self.ops_user
        )
        self.assertEqual(
            self._activities(self.other_customer, ACTIVITY_VERIFY).user_id,
            self.ops_manager,
        )
        self.subsidiary.with_user(self.ops_manager).action_iaas_submit_verification()
        self.assertEqual(
            self._activities(self.subsidiary, ACTIVITY_VERIFY).user_id,
            self.ops_manager,
        )

    def test_verifications_are_spread(self):
        operations = self.env.ref("iaas_customer.group_iaas_ops_user").all_user_ids
        (operations - self.ops_user - self.ops_manager).group_ids = [
            Command.unlink(self.env.ref("iaas_customer.group_iaas_ops_manager").id),
            Command.unlink(self.env.ref("iaas_customer.group_iaas_ops_user").id),
        ]
        customers = self.customer | self.subsidiary
        customers.with_user(self.sales_user).action_iaas_submit_verification()
        self.assertEqual(
            self._activities(customers, ACTIVITY_VERIFY).user_id,
            self.ops_user | self.ops_manager,
        )

    def test_nobody_in_operations(self):
        company = self.env["res.company"].create({"name": "Far Away"})
        self.other_customer.company_id = company
        with self.assertRaisesRegex(UserError, "Nobody can verify Harbor Analytics"):
            self.other_customer.action_iaas_submit_verification()

    def test_rejection_goes_back_to_the_owner(self):
        self.customer.with_user(self.sales_user).action_iaas_submit_verification()
        self._reject(self.customer, "The registry extract is too old", self.ops_user)
        self.assertEqual(self.customer.iaas_verification_state, "rejected")
        self.assertEqual(
            self.customer.iaas_verification_note, "The registry extract is too old"
        )
        self.assertFalse(self._activities(self.customer, ACTIVITY_VERIFY))
        activity = self._activities(self.customer, ACTIVITY_MEND)
        self.assertEqual(activity.user_id, self.sales_user)
        self.assertEqual(activity.date_deadline, fields.Date.to_date("2026-03-07"))
        self.assertIn("registry extract", activity.note)

        self.customer.with_user(self.sales_user).action_iaas_submit_verification()
        self.assertFalse(self._activities(self.customer, ACTIVITY_MEND))
        self.customer.with_user(self.ops_user).action_iaas_verify()
        self.assertFalse(self.customer.iaas_verification_note)

    def test_reset(self):
        customers = self.customer | self.other_customer
        customers.with_user(self.sales_user).action_iaas_submit_verification()
        self.customer.with_user(self.ops_user).action_iaas_verify()
        customers.with_user(self.ops_user).action_iaas_reset_verification()
        for customer in customers:
            self.assertEqual(customer.iaas_verification_state, "unverified")
            self.assertFalse(customer.iaas_verification_date)
            self.assertFalse(customer.iaas_verifier_id)
        self.assertFalse(self._activities(customers, ACTIVITY_VERIFY))

    def test_only_operations_decide(self):
        """R2: sales submit, operations decide."""
        self.customer.action_iaas_submit_verification()
        customer = self.customer.with_user(self.sales_user)
        for decide in (
            customer.action_iaas_verify,
            customer.action_iaas_reject,
            customer.action_iaas_reset_verification,
        ):
            with self.assertRaisesRegex(AccessError, "Only operations decide"):
                decide()
        with self.assertRaises(AccessError):
            customer._iaas_reject("no")
        with self.assertRaises(AccessError):
            self.env["iaas.verification.reject"].with_user(self.sales_user).create(
                {"partner_ids": self.customer.ids, "reason": "no"}
            )
        self.assertEqual(self.customer.iaas_verification_state, "in_review")

    def test_state_is_not_written_by_hand(self):
        """R10: not even operations set the state past the actions."""
        customer = self.customer.with_user(self.ops_manager)
        for values in (
            {"iaas_verification_state": "verified"},
            {"iaas_verification_date": "2026-01-01"},
            {"iaas_verifier_id": self.ops_manager.id},
        ):
            with self.assertRaisesRegex(UserError, "not set by hand"):
                customer.write({"name": "Renamed", **values})
            with self.assertRaisesRegex(UserError, "not set by hand"):
                customer.create({"name": "New", "is_company": True, **values})
        customer.write({"name": "Renamed", "iaas_verification_state": "unverified"})
        self.assertEqual(self.customer.name, "Renamed")
        self.customer.sudo().iaas_verification_state = "verified"
        self.assertEqual(
            self.customer.copy().iaas_verification_state,
            "unverified",
            "A copy is another company",
        )

    def test_steps_are_refused_out_of_order(self):
        customer = self.customer.with_user(self.ops_user)
        with self.assertRaisesRegex(UserError, "is “Unverified”"):
            customer.action_iaas_reject()
        customer.action_iaas_verify()
        with self.assertRaisesRegex(UserError, "is “Verified”"):
            customer.action_iaas_submit_verification()
        with self.assertRaisesRegex(UserError, "is not an IaaS customer"):
            self.contact.with_user(self.ops_user).action_iaas_submit_verification()
