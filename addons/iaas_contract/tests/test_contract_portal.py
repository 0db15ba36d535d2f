import json

from lxml import html

from odoo.tests import HttpCase, tagged

from .common_signing import IaasSigningCommon


@tagged("post_install", "-at_install")
class TestContractPortal(IaasSigningCommon, HttpCase):
    """R36: the customer reads, signs and declines in the portal, in minutes; nobody
    else sees or signs anything."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.large_contract = cls.contract

    def _login(self, user):
        self.authenticate(user.login, user.login)

    def _accept(self, document, token="", sha256=None, **values):
        document = document.sudo()
        query = f"sha256={document.sha256 if sha256 is None else sha256}"
        response = self.url_open(
            f"/my/contracts/{document.contract_id.id}/accept/{document.id}"
            f"?{query}&access_token={token}",
            data=json.dumps(
                {
                    "params": {
                        "name": "Mei Tanaka",
                        "signature": self._drawing(),
                        **values,
                    }
                }
            ),
            headers={
                "Content-Type": "application/json",
                "User-Agent": "Test Browser 1.0",
            },
        )
        return response.json().get("result", {})

    def _token(self, document):
        return document.sudo()._portal_ensure_token()

    def _open(self, path):
        """The text of a page; empty if the user was sent away from it."""
        response = self.url_open(path)
        self.assertEqual(response.status_code, 200)
        if not response.url.split("?")[0].endswith(path.split("?")[0]):
            return ""
        return " ".join(html.fromstring(response.text).text_content().split())

    # === SIGN ===

    def test_from_draft_to_active_without_an_approver(self):
        """R36: standard terms of a small customer, the whole way: a salesperson
        sends, the decision maker reads and signs in the portal, it is in force."""
        contract = self._sent()
        document = contract.document_ids
        self._login(self.decider)
        self.assertIn(contract.name, self._open("/my/contracts"))
        page = self._open(f"/my/contracts/{contract.id}")
        self.assertIn("waits for your signature", page)
        page = self._open(f"/my/contracts/{contract.id}/sign/{document.id}")
        self.assertIn(document.sha256, page)
        self.assertIn("By signing, you accept", page)
        file = self.url_open(f"/my/contracts/{contract.id}/document/{document.id}")
        self.assertEqual(file.headers["Content-Type"], "application/pdf")
        self.assertEqual(file.content, document.attachment_id.raw)
        result = self._accept(document)
        self.assertTrue(result.get("force_refresh"), result)
        self.assertEqual(contract.state, "active")
        signature = contract.signature_ids
        self.assertEqual(
            (signature.signed_by, signature.email, signature.signer_id),
            ("Mei Tanaka", "decider@example.com", self.decider.partner_id),
        )
        self.assertEqual(signature.ip_address, "127.0.0.1")
        self.assertEqual(signature.user_agent, "Test Browser 1.0")
        self.assertEqual(contract.decision_ids.mapped("decision"), ["automatic"])
        self.assertEqual(contract.signature_status, "valid")
        self.assertIn("the contract is signed", self._open(result["redirect_url"]))
        page = self._open(f"/my/contracts/{contract.id}")
        self.assertIn("Signature certificate", page)
        certificate = signature.proof_ids
        file = self.url_open(f"/my/contracts/{contract.id}/document/{certificate.id}")
        self.assertEqual(file.content, certificate.attachment_id.raw)

    def test_by_the_link_of_the_message(self):
        """Whoever holds the link of the message signs without an account."""
        contract = self._sent()
        document = contract.document_ids
        token = self._token(document)
        path = f"/my/contracts/{contract.id}/sign/{document.id}?access_token={token}"
        self.assertIn("By signing, you accept", self._open(path))
        result = self._accept(document, token)
        self.assertTrue(result.get("force_refresh"), result)
        self.assertEqual(contract.state, "active")
        self.assertFalse(contract.signature_ids.signer_id)
        self.assertIn("the contract is signed", self._open(result["redirect_url"]))
        mails = self.env["mail.mail"].search([("subject", "like", contract.name)])
        self.assertIn(
            "decider@example.com", "".join(filter(None, mails.mapped("email_to")))
        )

    def test_amendment_is_shown_once_it_was_sent(self):
        """Approved terms are nobody's at the customer before they are offered."""
        contract = self._sent()
        self._sign_online(self._document(contract))
        contract.action_amend()
        version = contract.version_ids.filtered(lambda v: v.state == "draft")
        version.notice_days = 77
        version.action_submit()
        self.assertEqual(version.state, "approved")
        self._login(self.decider)
        self.assertNotIn("→ 77", self._open(f"/my/contracts/{contract.id}"))
        versions = self.env["iaas.contract.version"].with_user(self.decider)
        self.assertNotIn(version, versions.search([]))
        version.action_send_mail()
        self.env.flush_all()
        self.assertIn("→ 77", self._open(f"/my/contracts/{contract.id}"))
        self.assertIn(version, versions.search([]))

    def test_signed_twice(self):
        """Two tabs, two people: the second is told who signed."""
        document = self._sent().document_ids
        token = self._token(document)
        self._login(self.decider)
        self.assertTrue(self._accept(document)["force_refresh"])
        self.assertIn("already signed, by Mei", self._accept(document)["error"])
        self.authenticate(None, None)
        self.assertIn("already signed, by Mei", self._accept(document, token)["error"])
        self.assertEqual(len(document.sudo().signature_ids), 1)

    def test_another_document_than_the_page_showed(self):
        contract = self._sent()
        old = contract.document_ids
        shown = old.sha256
        contract.line_ids.discount = "12"
        contract.action_send()
        new = self._document(contract)
        self._login(self.decider)
        self.assertIn("is void", self._accept(old)["error"])
        self.assertIn("another document", self._accept(new, sha256=shown)["error"])
        self.assertIn("another document", self._accept(new, sha256="")["error"])
        self.assertEqual(contract.state, "sent")

    def test_tampered_file_is_neither_shown_nor_signed(self):
        contract = self._sent()
        document = contract.document_ids
        self._tamper(document)
        self._login(self.decider)
        page = self._open(f"/my/contracts/{contract.id}/sign/{document.id}")
        self.assertIn("cannot be signed", page)
        self.assertNotIn("By signing", page)
        path = f"/my/contracts/{contract.id}/document/{document.id}"
        self.assertFalse(self._open(path))
        self.assertIn("bytes were changed", self._accept(document)["error"])
        self.assertEqual(contract.state, "sent")

    def test_amendment(self):
        contract = self._sent()
        self._sign_online(contract.document_ids)
        version = contract.env["iaas.contract.version"].browse(
            contract.action_amend()["res_id"]
        )
        version.notice_days = 45
        version.action_submit()
        version.action_send_mail()
        document = self._document(contract)
        self._login(self.decider)
        self.assertIn("waits for your sig", self._open(f"/my/contracts/{contract.id}"))
        self.assertTrue(self._accept(document)["force_refresh"])
        self.assertEqual(version.signed_by, "Mei Tanaka")

    # === DECLINE ===

    def test_decline(self):
        contract = self._sent()
        document = contract.document_ids
        self._login(self.decider)
        path = f"/my/contracts/{contract.id}/sign/{document.id}"
        page = html.fromstring(self.url_open(path).text)
        form = page.xpath("//form[contains(@action, '/decline/')]")[0]
        token = form.xpath(".//input[@name='csrf_token']/@value")[0]
        answer = self.url_open(
            form.get("action"), data={"csrf_token": token, "reason": "Too dear"}
        )
        self.assertTrue("You declined" in answer.text)
        self.assertEqual(contract.state, "draft")
        self.assertIn("Too dear", "".join(contract.message_ids.mapped("body")))
        self.assertFalse(self._open(f"/my/contracts/{contract.id}"))

    # === WHO MAY NOT ===

    def test_clerk_reads_but_does_not_sign(self):
        """Only a decision maker signs, though a colleague may read."""
        contract = self._sent()
        document = contract.document_ids
        self._login(self.clerk)
        page = self._open(f"/my/contracts/{contract.id}/sign/{document.id}")
        self.assertIn("A decision maker of", page)
        self.assertNotIn("By signing", page)
        self.assertIn("Only a decision maker", self._accept(document)["error"])
        token = contract.sudo()._portal_ensure_token()
        self.assertIn("Only a decision", self._accept(document, token)["error"])
        self.assertEqual(contract.state, "sent")

    def test_staff_does_not_sign_for_the_customer(self):
        document = self._sent().document_ids
        token = self._token(document)
        self.sales_user.password = self.sales_user.login
        self._login(self.sales_user)
        self.assertIn("Only a decision", self._accept(document, token)["error"])

    def test_paper_contract_is_not_signed_online(self):
        contract = self._sent(self.customer)
        document = contract.document_ids
        self._login(self.stranger)
        self.assertIn("signed on paper", self._open(f"/my/contracts/{contract.id}"))
        self.assertIn("error", self._accept(document))
        self.assertEqual(contract.state, "sent")

    def test_another_company_sees_nothing(self):
        """R3: on no route, with guessed ids and wrong tokens."""
        contract = self._sent()
        document = contract.document_ids
        base = f"/my/contracts/{contract.id}"
        mine = f"/my/contracts/{self.large_contract.id}"
        paths = [
            base,
            f"{base}/resources",
            f"{base}/orders",
            f"{base}/sign/{document.id}",
            f"{base}/document/{document.id}",
            # A document of another contract under one that I may see.
            f"{mine}/sign/{document.id}",
            f"{mine}/document/{document.id}",
            "/my/contracts/999999",
            f"{base}/document/999999",
        ]
        wrong = "?access_token=00000000-0000-0000-0000-000000000000"
        for user in (self.stranger, None):
            if user:
                self._login(user)
                self.assertTrue(self._open(mine))
            else:
                self.authenticate(None, None)
            for path in paths:
                for suffix in ("", wrong, "?access_token="):
                    with self.subTest(user=user and user.login, path=path + suffix):
                        self.assertFalse(self._open(path + suffix))
            self.assertIn("error", self._accept(document))
            self.assertIn("error", self._accept(document, wrong[14:]))
        self.assertEqual(contract.state, "sent")
        self._login(self.stranger)
        self.assertNotIn(contract.name, self._open("/my/contracts"))

    def test_what_is_being_written_is_hidden(self):
        """Neither login nor an old link shows terms that are a draft again."""
        contract = self._sent()
        document = contract.document_ids
        token = contract.sudo()._portal_ensure_token()
        signing_token = self._token(document)
        contract.action_draft()
        base = f"/my/contracts/{contract.id}"
        for user in (self.decider, None):
            if user:
                self._login(user)
            else:
                self.authenticate(None, None)
            self.assertFalse(self._open(f"{base}?access_token={token}"))
            path = f"{base}/document/{document.id}?access_token={signing_token}"
            self.assertFalse(self._open(path))
            page = self._open(f"{base}/sign/{document.id}?access_token={signing_token}")
            self.assertIn("is void", page)
            self.assertNotIn("By signing", page)
            self.assertIn("error", self._accept(document, signing_token))

    def test_draft_is_for_staff(self):
        contract = self._sent()
        path = f"/iaas/contract/{contract.id}/draft.pdf"
        self._login(self.decider)
        self.assertEqual(self.url_open(path).status_code, 404)
        self.sales_user.password = self.sales_user.login
        self._login(self.sales_user)
        response = self.url_open(path)
        self.assertTrue(response.content.startswith(b"%PDF-"))

    # === PAGES ===

    def test_list_searches_sorts_and_filters(self):
        first, second = self._sent(), self._sent(title="Backup site")
        self._sign_online(first.document_ids)
        self._login(self.decider)
        page = self._open("/my/contracts?search=backup&search_in=title")
        self.assertIn(second.name, page)
        self.assertNotIn(first.name, page)
        page = self._open("/my/contracts?filterby=live&sortby=end")
        self.assertIn(first.name, page)
        self.assertNotIn(second.name, page)
        self.assertIn("No contract matches", self._open("/my/contracts?search=zzz"))
        self._open("/my/contracts?sortby=x&filterby=y&search_in=z&search=%25")

    def test_home_counts(self):
        self._sent()
        self._login(self.decider)
        response = self.url_open(
            "/my/counters",
            data=json.dumps(
                {"params": {"counters": ["iaas_contract_count", "iaas_to_sign_count"]}}
            ),
            headers={"Content-Type": "application/json"},
        )
        self.assertEqual(
            response.json()["result"],
            {"iaas_contract_count": 1, "iaas_to_sign_count": 1},
        )

    def test_resources_and_orders(self):
        order = self._iaas_order(self.large_contract, (self.server, 2))
        order.action_confirm()
        other = self._iaas_contract(self.customer, state="active")
        self._login(self.stranger)
        base = f"/my/contracts/{self.large_contract.id}"
        page = self._open(f"{base}/resources")
        self.assertIn("Server", page)
        self.assertIn("Running", page)
        self.assertIn(order.name, self._open(f"{base}/orders"))
        empty = self._open(f"/my/contracts/{other.id}/orders")
        self.assertNotIn(order.name, empty)
        page = self._open(f"/my/contracts/{other.id}/resources")
        self.assertIn("Nothing is rented", page)

    def test_sign_tour(self):
        """A real browser: read, draw, sign."""
        contract = self._sent()
        self.start_tour("/my", "iaas_contract_sign", login=self.decider.login)
        self.assertEqual(contract.state, "active")
        self.assertEqual(contract.signed_by, "Mei Tanaka")
