from datetime import date

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged

from .common_signing import IaasSigningCommon


@tagged("post_install", "-at_install")
class TestRevenueShare(IaasSigningCommon):
    """R90: commission, advertising, third-party payments: a revenue share line."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.agent = cls.env["res.partner"].create({"name": "Quillon Referrals"})
        cls.root = cls.env.ref("iaas_contract.product_category_iaas")
        cls.categ_cloud.parent_id = cls.root

    def _share(self, user=None, **values):
        return (
            self.env["iaas.contract.revenue.share"]
            .with_user(user or self.sales_user)
            .create(
                {
                    "contract_id": self.contract.id,
                    "beneficiary_id": self.agent.id,
                    "percent": "5",
                    **values,
                }
            )
        )

    def test_approved_by_somebody_else(self):
        """R90: it counts from the approval of an operations manager who did not
        write it."""
        share = self._share()
        self.assertEqual(share.state, "draft")
        with self.assertRaisesRegex(AccessError, "operations manager"):
            share.action_approve()
        share.with_user(self.ops_manager).percent = "6"
        with self.assertRaisesRegex(UserError, "somebody else"):
            share.with_user(self.ops_manager).action_approve()
        other = self._iaas_user("ops_other", "iaas_customer.group_iaas_ops_manager")
        share.with_user(other).action_approve()
        self.assertEqual((share.state, share.approved_by_id), ("approved", other))
        with self.assertRaisesRegex(UserError, "not set by hand"):
            self._share(state="approved")
        with self.assertRaisesRegex(UserError, "not set by hand"):
            self._share().write({"author_ids": [Command.clear()]})

    def test_approved_stays(self):
        """R90: it may end, earlier than agreed; nothing else changes."""
        share = self._share(date_end=date(2026, 12, 31))
        share.with_user(self.ops_manager).action_approve()
        own = share.with_user(self.ops_manager)
        for values in (
            {"percent": "7"},
            {"beneficiary_id": self.other_customer.id},
            {"date_end": date(2027, 1, 31)},
            {"date_end": False},
            {"date_end": date(2026, 6, 30), "basis": "collected"},
        ):
            with self.subTest(values), self.assertRaisesRegex(UserError, "stays as"):
                own.write(values)
        with self.assertRaisesRegex(AccessError, "operations manager"):
            share.date_end = date(2026, 6, 30)
        own.date_end = date(2026, 6, 30)
        with self.assertRaisesRegex(UserError, "stays on record"):
            own.unlink()
        with self.assertRaisesRegex(AccessError, "operations manager"):
            share.action_withdraw()
        own.action_withdraw()
        self.assertEqual(share.state, "withdrawn")
        self._share().unlink()

    def test_sum(self):
        """R90: of no family and on no day more than 100 %."""
        self._share(percent="60")
        compute = self._share(percent="40", categ_id=self.categ_cloud.id)
        other = self.env["product.category"].create(
            {"name": "Elsewhere", "parent_id": self.root.id}
        )
        self._share(percent="40", categ_id=other.id)
        for values in (
            {"percent": "0.01", "categ_id": self.categ_cloud.id},
            {"percent": "1", "date_start": date(2026, 5, 1)},
            {"percent": "1", "categ_id": self.root.id, "date_end": date(2025, 5, 1)},
        ):
            with (
                self.subTest(values),
                self.assertRaisesRegex(ValidationError, "more than there is"),
                self.cr.savepoint(),
            ):
                self._share(**values)
        compute.date_end = date(2026, 4, 30)
        self._share(
            percent="40", categ_id=self.categ_cloud.id, date_start=date(2026, 5, 1)
        )
        with self.assertRaisesRegex(ValidationError, "more than there is"):
            compute.date_end = date(2026, 5, 1)

    def test_family(self):
        """R90: a whole family, since that is what statements know."""
        with self.assertRaisesRegex(ValidationError, "part of a product family"):
            self._share(categ_id=self.categ_compute.id)

    def test_customer_neither_sees_nor_signs_it(self):
        """R90: a share is between us and the third party: it voids no signature and
        is on no page for the customer."""
        contract = self._sent()
        digest = contract._terms_digest()
        share = self._share(contract_id=contract.id)
        share.with_user(self.ops_manager).action_approve()
        self.assertEqual(contract.state, "sent")
        self.assertEqual(contract._terms_digest(), digest)
        qweb, pages = self.registry["ir.qweb"], []
        render = qweb._render

        def keep(self, template, values=None, **options):
            page = render(self, template, values, **options)
            pages.append(str(page))
            return page

        self.patch(qweb, "_render", keep)
        contract.sudo().version_id._render_pdf()
        self.assertIn("Analytics cluster", "".join(pages))
        self.assertNotIn("Quillon", "".join(pages))
        portal = self._iaas_portal_user("reader", self.customer)
        self.assertNotIn("revenue_share_ids", contract.with_user(portal).fields_get())
        with self.assertRaises(AccessError):
            share.with_user(portal).read(["percent"])

    def test_roles(self):
        """R90: sales and operations write, finance and auditors read."""
        share = self._share(self.ops_user)
        share.with_user(self.sales_user).purpose = "advertising"
        finance = self._iaas_user("finance", "account.group_account_invoice")
        for user in (finance, self.auditor):
            self.assertEqual(share.with_user(user).percent, 5)
            with self.assertRaises(AccessError):
                share.with_user(user).percent = "6"
            with self.assertRaises(AccessError):
                share.with_user(user).action_approve()
        with self.assertRaises(AccessError):
            share.with_user(self.solution_engineer).read(["percent"])
