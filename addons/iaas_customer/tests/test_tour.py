from odoo.tests import HttpCase, tagged

from .common import IaasCustomerCommon


@tagged("post_install", "-at_install")
class TestTour(IaasCustomerCommon, HttpCase):
    def test_verification_tour(self):
        """R10: operations register, submit and verify a customer in the browser."""
        self.start_tour(
            "/odoo", "iaas_customer_verification", login=self.ops_manager.login
        )
        customer = self.env["res.partner"].search([("name", "=", "Meridian Robotics")])
        self.assertEqual(customer.iaas_verification_state, "verified")
        self.assertEqual(customer.iaas_tier_id, self.tier_large)
        self.assertEqual(customer.iaas_verifier_id, self.ops_manager)
