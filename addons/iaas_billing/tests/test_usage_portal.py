from odoo import fields, http
from odoo.tests import HttpCase, tagged

from .common import IaasBillingCommon


@tagged("post_install", "-at_install")
class TestUsagePortal(HttpCase, IaasBillingCommon):
    """The customer's usage and budgets (issue 4); nobody reaches another's."""

    now = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server_resource = cls._iaas_resource(cls.server)
        cls.env["iaas.current.usage"]._refresh(cls.contract)
        cls.portal = cls._iaas_portal_user("own", cls.customer)
        cls.portal.partner_id.sudo().iaas_contact_role_ids = cls.env.ref(
            "iaas_customer.iaas_contact_role_administrator"
        )
        cls.stranger = cls._iaas_portal_user("stranger", cls.other_customer)
        cls.stranger.partner_id.sudo().iaas_contact_role_ids = cls.env.ref(
            "iaas_customer.iaas_contact_role_administrator"
        )

    def _set(self, **data):
        return self.url_open(
            "/my/usage/budget",
            data={
                "csrf_token": http.Request.csrf_token(self),
                "contract_id": str(self.contract.id),
                **data,
            },
        )

    def test_pages(self):
        self.authenticate("iaas_own", "iaas_own")
        for by in ("product", "resource", "day", "tag", "nonsense"):
            page = self.url_open(f"/my/usage?by={by}")
            self.assertEqual(page.status_code, 200, by)
            self.assertIn("before tax so far", page.text)
        page = self.url_open("/my/usage?by=tag").text
        self.assertIn("<title>Usage and budgets</title>", page)
        # Nothing is told apart by tags: by service instead.
        self.assertIn("Server", page)
        self.assertNotIn("Amounts by month", page)
        self.assertIn("Ask us to let you make keys", page)
        self._bill_month(2026, 6)
        self.env["ir.config_parameter"].sudo().set_param("portal.allow_api_keys", "1")
        page = self.url_open("/my/usage").text
        self.assertIn("Amounts by month", page)
        self.assertIn("Jun 2026", page)
        self.assertIn("/my/security?debug=1", page)
        self.assertIn("Usage and budgets", self.url_open("/my").text)

    def test_no_page_reads_events(self):
        """However many there are, a page reads statements and daily sums only."""
        statement = self._bill_month(2026, 6)
        self.authenticate("iaas_own", "iaas_own")
        self.env.flush_all()
        self.env.cr.execute("ALTER TABLE iaas_usage_event RENAME TO iaas_usage_hidden")
        for page in (
            *(f"usage?by={by}" for by in ("product", "resource", "day", "tag")),
            "statements",
            f"statements/{statement.id}",
        ):
            answer = self.url_open(f"/my/{page}")
            self.assertEqual(answer.status_code, 200, page)
            self.assertTrue(answer.url.endswith(page), answer.url)

    def test_budget_set_changed_removed(self):
        self.authenticate("iaas_own", "iaas_own")
        self.assertIn("The budget is set", self._set(amount="500").text)
        budget = self.contract.budget_ids
        self.assertEqual((budget.amount, budget.alert_percent), (500, 80))
        self.assertEqual(budget.contact_id, self.portal.partner_id)
        self._set(amount="600", alert_percent="50")
        budget.invalidate_recordset()
        self.assertEqual((budget.amount, budget.alert_percent), (600, 50))
        self.assertIn("was not set", self._set(amount="much").text)
        self.assertIn("was not set", self._set(amount="5", alert_percent="200").text)
        self.assertIn("Remove", self.url_open("/my/usage").text)
        self.assertIn("The budget is removed", self._set(amount="").text)
        self.contract.invalidate_recordset()
        self.assertFalse(self.contract.budget_ids)

    def test_a_budget_outlives_the_use_of_its_service(self):
        """It can still be removed when the service is used no longer."""
        self.authenticate("iaas_own", "iaas_own")
        self._set(amount="500", product_id=str(self.server.id))
        self.assertEqual(self.contract.budget_ids.product_id, self.server)
        self.env["iaas.current.usage"].search([]).unlink()
        answer = self._set(amount="", product_id=str(self.server.id))
        self.assertIn("The budget is removed", answer.text)
        answer = self._set(amount="5", product_id=str(self.disk.id))
        self.assertEqual(answer.status_code, 404)

    def test_stranger_sees_and_sets_nothing(self):
        self.authenticate("iaas_stranger", "iaas_stranger")
        page = self.url_open(f"/my/usage?contract_id={self.contract.id}")
        self.assertNotIn(self.contract.name, page.text)
        self.assertEqual(self._set(amount="500").status_code, 404)
        for model in ("iaas.current.usage", "iaas.budget", "iaas.usage.daily"):
            found = self.env[model].with_user(self.stranger).search([])
            self.assertFalse(
                found.filtered(lambda one: one.contract_id == self.contract)
            )

    def test_only_some_roles_set_budgets(self):
        self.portal.partner_id.sudo().iaas_contact_role_ids = False
        self.authenticate("iaas_own", "iaas_own")
        self.assertNotIn("Set budget", self.url_open("/my/usage").text)
        self.assertEqual(self._set(amount="500").status_code, 404)

    def test_by_tag_says_what_is_left_out(self):
        """Fees have no tags: what stands there is less than the amount above it."""
        self.meter.daily_dimensions = "region"
        used = self._iaas_resource(self.traffic)
        self._use(used, (fields.Datetime.to_string(fields.Datetime.now()), "5"))
        self.env["iaas.current.usage"]._refresh(self.contract)
        self.authenticate("iaas_own", "iaas_own")
        page = self.url_open("/my/usage?by=tag").text
        self.assertTrue("fees are left out" in page)
        self.assertTrue("Without region" in page)
        self.assertNotIn("fees are left out", self.url_open("/my/usage?by=day").text)

    def test_program_reads_by_key(self):
        """The JSON-2 API with the customer's own key; nothing is invented beside it."""
        self.env["ir.config_parameter"].sudo().set_param("portal.allow_api_keys", "1")
        key = (
            self.env["res.users.apikeys"]
            .with_user(self.portal)
            .sudo()
            ._generate("rpc", "usage", None)
        )
        answer = self.url_open(
            "/json/2/iaas.current.usage/search_read",
            json={"domain": [], "fields": ["amount_to_date", "contract_id"]},
            headers={"Authorization": f"bearer {key}"},
        )
        self.assertEqual(answer.status_code, 200, answer.text)
        self.assertEqual(
            {row["contract_id"][0] for row in answer.json()}, {self.contract.id}
        )
        # All fields too, names of products among them, which nobody outside may read.
        dispute = self._set_budget_and_dispute().with_user(self.portal)
        self.assertIn(self.server.name, dispute.display_name)
        for model in (
            "iaas.current.usage",
            "iaas.usage.daily",
            "iaas.budget",
            "iaas.statement.line",
        ):
            answer = self.url_open(
                f"/json/2/{model}/search_read",
                json={"domain": []},
                headers={"Authorization": f"bearer {key}"},
            )
            self.assertEqual(answer.status_code, 200, f"{model}: {answer.text}")
            if model != "iaas.usage.daily":
                self.assertTrue(answer.json(), model)

    def _set_budget_and_dispute(self):
        self.contract._set_budget(self.server, "5", "80", self.portal.partner_id)
        statement = self._bill_month(2026, 6)
        return statement._dispute(
            statement.line_ids[0], "wrong", self.portal.partner_id
        )
