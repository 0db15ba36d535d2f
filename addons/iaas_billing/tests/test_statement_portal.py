import csv
import io
from datetime import date

from odoo import http
from odoo.exceptions import AccessError
from odoo.tests import HttpCase, tagged

from ..controllers import statement_portal
from .common import IaasBillingCommon


@tagged("post_install", "-at_install")
class TestStatementPortal(IaasBillingCommon, HttpCase):
    """The customer reads, downloads, confirms and disputes its own statements, and
    nobody else's (R65)."""

    now = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._iaas_resource(cls.server)
        cls.resource = cls._iaas_resource(cls.traffic, name="=web <b>1</b>")
        cls._use(cls.resource, ("2026-01-10 00:00:00", "100"))
        cls.tier_large.write(
            {
                "has_statement_rules": True,
                "statement_confirmation": "explicit",
            }
        )
        cls.statement = cls._bill_month(2026, 1)
        cls.user = cls._iaas_portal_user("reader", cls.customer)
        cls.stranger = cls._iaas_portal_user("stranger", cls.other_customer)
        for user in (cls.user, cls.stranger):
            user.password = "portal-password-1"
        cls.url = f"/my/statements/{cls.statement.id}"

    def _login(self, user):
        self.authenticate(user.login, "portal-password-1")

    def _post(self, path, **data):
        return self.url_open(
            path, data={"csrf_token": http.Request.csrf_token(self), **data}
        )

    def test_list_and_page(self):
        self._login(self.user)
        page = self.url_open("/my/statements").text
        self.assertIn(self.statement.name, page)
        self.assertIn("To confirm", page)
        page = self.url_open(self.url).text
        self.assertIn("Why this amount", page)
        self.assertIn("Total before tax", page)
        self.assertIn("100 Units by meter", page)
        self.assertIn("<svg", page)
        self.assertNotIn("web <b>1</b>", page)
        self.assertIn("Confirm statement", page)

    def test_confirm_once(self):
        self._login(self.user)
        shown = self.statement._get_shown()
        self.assertIn(f'value="{shown}"', self.url_open(self.url).text)
        answer = self._post(f"{self.url}/confirm", shown=shown)
        self.assertIn("The invoice follows", answer.text)
        self.assertEqual(self.statement.state, "confirmed")
        self.assertEqual(self.statement.confirmed_by_id, self.user.partner_id)
        self.assertEqual(self.statement.confirmation, "portal")
        answer = self._post(f"{self.url}/confirm", shown=shown)
        self.assertIn("no longer possible", answer.text)
        self._keep_transaction()
        self.env["iaas.statement"]._cron_follow()
        self.assertEqual(self.statement.state, "posted")

    def test_dispute_a_line(self):
        self._login(self.user)
        line = self.statement.line_ids.filtered("meter_id")
        self._post(f"{self.url}/dispute", line_id=line.id, reason="  ")
        self.assertFalse(self.statement.dispute_ids)
        answer = self._post(
            f"{self.url}/dispute", line_id=line.id, reason="<script>x</script> not ours"
        )
        self.assertNotIn("<script>x", answer.text)
        dispute = self.statement.dispute_ids
        self.assertEqual(dispute.line_id, line)
        self.assertEqual(dispute.raised_by_id, self.user.partner_id)
        self.assertEqual(dispute.user_id, self.contract.user_id)
        self.assertIn(
            "no longer possible",
            self._post(f"{self.url}/dispute", line_id=line.id, reason="again").text,
        )
        self._post(f"{self.url}/confirm", shown=self.statement._get_shown())
        self.assertEqual(self.statement.state, "sent")

    def test_what_was_not_shown_is_not_confirmed(self):
        """Between the page and the button the statement was taken back, and sent again
        with another amount."""
        self._login(self.user)
        shown = self.statement._get_shown()
        self._use(self.resource, ("2026-01-20 00:00:00", "1000"))
        self.statement.action_take_back()
        self.statement.action_go_on()
        self.assertEqual(self.statement.state, "sent")
        for answer in ({"shown": shown}, {}):
            page = self._post(f"{self.url}/confirm", **answer).text
            self.assertIn("has changed since you opened it", page)
            self.assertEqual(self.statement.state, "sent")
        self._post(f"{self.url}/confirm", shown=self.statement._get_shown())
        self.assertEqual(self.statement.state, "confirmed")

    def test_a_stranger_gets_nothing(self):
        line = self.statement.line_ids[0]
        for user in (self.stranger, None):
            if user:
                self._login(user)
            else:
                self.authenticate(None, None)
            for path in ("", "/csv", "/xlsx", "/focus", "/pdf"):
                answer = self.url_open(f"{self.url}{path}")
                self.assertNotIn(self.statement.name, answer.text)
                self.assertNotIn("attachment", str(answer.headers))
        self._login(self.stranger)
        self.assertEqual(self._post(f"{self.url}/confirm").status_code, 404)
        self.assertEqual(
            self._post(
                f"{self.url}/dispute", line_id=line.id, reason="mine"
            ).status_code,
            404,
        )
        self.assertEqual(self.statement.state, "sent")
        self.assertFalse(self.statement.dispute_ids)
        self.assertNotIn(self.statement.name, self.url_open("/my/statements").text)

    def test_void_says_why(self):
        self.statement.action_confirm()
        self._keep_transaction()
        self.env["iaas.statement"]._cron_follow()
        self.statement.with_user(self.billing_manager)._void("Wrong customer")
        self._login(self.user)
        page = " ".join(self.url_open(self.url).text.split())
        self.assertIn("This statement no longer holds: Wrong customer", page)

    def test_what_is_not_there_is_told(self):
        self._login(self.stranger)
        page = self.url_open(self.url).text
        self.assertIn("not among yours", page)
        self.assertIn("There is no statement yet", page)
        page = self.url_open("/my/statements?filterby=sent").text
        self.assertIn("No statement waits for you", page)

    def test_dispute_says_what_comes_next(self):
        self.statement._dispute(
            self.statement.line_ids[0], "wrong", self.user.partner_id
        )
        self._login(self.user)
        page = self.url_open(self.url).text
        self.assertIn("waits for our answer", page)
        self.assertNotIn("Please confirm or dispute until", page)

    def test_pages(self):
        """Of a group on several pages the amount is said to be that of all its lines;
        who disputes a line of the second page stays there."""
        self._login(self.user)
        page = self.url_open(self.url).text
        self.assertIn(f"<title>{self.statement.name}</title>", page)
        self.assertNotIn("go over several pages", page)
        contract = self._iaas_contract(
            self.customer, state="active", date_start=date(2026, 1, 1)
        )
        self._iaas_resource(self.server, contract)
        self._iaas_resource(self.server, contract)
        url = f"/my/statements/{self._bill_month(2026, 1, contract).id}"
        self.patch(statement_portal, "_LINES_PER_PAGE", 1)
        self.assertIn("go over several pages", self.url_open(f"{url}?page=2").text)
        lines = self.statement._search_lines()
        self.assertEqual(lines, self.statement.line_ids)
        for number, line in enumerate(lines, start=1):
            page = self.url_open(f"{self.url}?page={number}").text
            self.assertEqual(page.count("Why this amount"), 1)
            self.assertIn(f'value="{line.id}"', page)
        answer = self._post(
            f"{self.url}/dispute", line_id=lines[1].id, reason="no", page="2"
        )
        self.assertTrue(answer.url.endswith("?message=disputed&page=2"), answer.url)
        self.assertIn("(answer by", answer.text)

    def test_days_are_on_the_phone_too(self):
        """Three lines of a quarter differ by nothing but their days."""
        self._login(self.user)
        page = self.url_open(self.url).text
        self.assertIn('<div class="d-lg-none small text-muted">Jan 1 – 31</div>', page)

    def test_many_lines_are_not_read_for_a_page(self):
        """However many lines there are, a page asks as many questions."""
        self._login(self.user)
        self.patch(statement_portal, "_LINES_PER_PAGE", 1)
        self.url_open(self.url)  # what is asked once
        read = []
        fetch = type(self.statement.line_ids)._fetch_query

        def count(lines, query, fields):
            fetched = fetch(lines, query, fields)
            read.append(len(fetched))
            return fetched

        self.patch(type(self.statement.line_ids), "_fetch_query", count)
        self.url_open(self.url)
        self.assertEqual(max(read), 1)

    def test_line_of_another_statement_is_not_disputed(self):
        other = self._iaas_contract(
            self.customer, state="active", date_start=date(2026, 1, 1)
        )
        self._iaas_resource(self.server, other)
        line = self._bill_month(2026, 1, other).line_ids
        self._login(self.user)
        self._post(f"{self.url}/dispute", line_id=line.id, reason="mixed up")
        self.assertFalse(line.dispute_ids)

    def test_draft_is_hidden_even_with_its_link(self):
        self.authenticate(None, None)
        link = self.statement.get_portal_url()
        self.assertIn(self.statement.name, self.url_open(link).text)
        self.assertEqual(self.url_open(f"{link}&page=x").status_code, 200)
        self.statement.action_take_back()
        self.assertNotIn(self.statement.name, self.url_open(link).text)
        self._login(self.user)
        self.assertNotIn(self.statement.name, self.url_open(self.url).text)
        self.assertEqual(self._post(f"{self.url}/confirm").status_code, 404)

    def test_link_does_not_confirm(self):
        """Whoever has the link of the mail may read; only a user of the customer
        answers."""
        token = self.statement._portal_ensure_token()
        self.authenticate(None, None)
        self._post(f"{self.url}/confirm?access_token={token}")
        self.assertEqual(self.statement.state, "sent")

    def test_downloads(self):
        self._login(self.user)
        answer = self.url_open(f"{self.url}/csv")
        self.assertIn("attachment", answer.headers["Content-Disposition"])
        rows = list(csv.DictReader(io.StringIO(answer.text)))
        self.assertEqual(len(rows), 2)
        # No spreadsheet runs what a customer named its resource.
        self.assertEqual(rows[1]["Resource"], "'=web <b>1</b>")
        self.assertEqual(rows[1]["Exact Amount"], "8.5")
        self.assertEqual(self.url_open(f"{self.url}/xlsx").content[:2], b"PK")
        self.assertEqual(self.url_open(f"{self.url}/focus").status_code, 200)
        self.assertEqual(self.url_open(f"{self.url}/docx").status_code, 404)

    def test_rules_of_disputes(self):
        dispute = self.statement._dispute(
            self.statement.line_ids[0], "wrong", self.user.partner_id
        )
        dispute.with_user(self.user).read(["reason"])
        with self.assertRaises(AccessError):
            dispute.with_user(self.stranger).read(["reason"])
        for operation in ("write", "create", "unlink"):
            self.assertFalse(dispute.with_user(self.user).has_access(operation))
        company = self.env["res.company"].create({"name": "Sister Cloud"})
        manager = self._iaas_user(
            "sister",
            "iaas_billing.group_iaas_billing_manager",
            company_id=company.id,
            company_ids=[(6, 0, company.ids)],
        )
        Dispute = self.env["iaas.statement.dispute"].with_user(manager)
        self.assertFalse(Dispute.search([("id", "=", dispute.id)]))
        with self.assertRaises(AccessError):
            dispute.with_user(manager)._reject("no")
        auditor = dispute.with_user(self.auditor)
        auditor.read([])
        self.assertFalse(auditor.has_access("write"))
