import base64

from lxml import html

from odoo.tests import HttpCase, tagged

from .common_annex import PRIVACY, SERVICES, IaasAnnexCommon


@tagged("post_install", "-at_install")
class TestContractAnnexPortal(IaasAnnexCommon, HttpCase):
    """R28: the customer's people download the annexes of their contracts, wherever
    they may read the contract itself; nobody else does."""

    def _login(self, user):
        self.authenticate(user and user.login, user and user.login)

    def _text(self, path):
        response = self.url_open(path)
        self.assertEqual(response.status_code, 200)
        return " ".join(html.fromstring(response.text).text_content().split())

    def _download(self, path):
        """The bytes; nothing if the user was sent away."""
        response = self.url_open(path, allow_redirects=False)
        if response.status_code != 200:
            return None
        self.assertIn("attachment", response.headers["Content-Disposition"])
        self.assertIn("services.pdf", response.headers["Content-Disposition"])
        self.assertEqual(response.headers["X-Content-Type-Options"], "nosniff")
        return response.content

    def _url(self, contract, annex):
        return f"/my/contracts/{contract.id}/annex/{annex.id}"

    def test_own_people_and_nobody_else(self):
        contract = self._sent_with_annex()
        annex = contract.version_id.annex_ids
        url = self._url(contract, annex)
        for user in self.decider + self.clerk:
            self._login(user)
            page = self._text(f"/my/contracts/{contract.id}")
            self.assertIn("Service description", page)
            self.assertIn(annex.sha256, page)
            self.assertEqual(self._download(url), SERVICES)
        for user in (self.stranger, None):
            self._login(user)
            self.assertIsNone(self._download(url))
            self.assertIsNone(self._download(f"{url}?access_token=guessed"))

    def test_not_by_the_way_of_another_contract(self):
        """Whoever may read one contract reaches no annex of another by it."""
        victim = self._sent_with_annex()
        own = self._sent(partner=self.customer)
        annex = victim.version_id.annex_ids
        self._login(self.stranger)
        document = self._document(own)
        self.assertIsNone(self._download(self._url(own, annex)))
        self.assertIsNone(
            self._download(
                f"/my/contracts/{own.id}/document/{document.id}/annex/{annex.id}"
            )
        )
        self.assertIsNone(self._download(self._url(own, annex.browse(2**31 - 1))))

    def test_not_the_field_itself(self):
        """The portal reads annexes by the page of the contract only."""
        annex = self._sent_with_annex().version_id.annex_ids
        self._login(self.decider)
        response = self.url_open(f"/web/content/iaas.contract.annex/{annex.id}/file")
        self.assertNotEqual(response.content, SERVICES)
        attachment = annex._sealed_attachment()
        response = self.url_open(f"/web/content/{attachment.id}")
        self.assertNotEqual(response.content, SERVICES)

    def test_by_the_link_of_the_message(self):
        """Whoever is to sign without an account reads the annexes first."""
        contract = self._sent_with_annex()
        document = self._document(contract)
        annex = contract.version_id.annex_ids
        query = f"access_token={document._portal_ensure_token()}"
        page = self._text(f"/my/contracts/{contract.id}/sign/{document.id}?{query}")
        self.assertIn(annex.sha256, page)
        url = f"/my/contracts/{contract.id}/document/{document.id}/annex/{annex.id}"
        self.assertEqual(self._download(f"{url}?{query}"), SERVICES)
        self.assertIsNone(self._download(url))
        contract.action_draft()
        self.assertIsNone(self._download(f"{url}?{query}"), "it is void")

    def test_drafts_are_not_shown(self):
        contract = self._sent_with_annex()
        first = contract.version_id.annex_ids
        self._sign_online(self._document(contract))
        contract.action_amend()
        version = contract.version_ids.filtered(lambda v: v.state == "draft")
        proposed = version.annex_ids
        proposed.file = base64.b64encode(PRIVACY)
        version.action_submit()
        self._login(self.decider)
        url = self._url(contract, proposed)
        self.assertIsNone(self._download(url), "not sent yet")
        self.assertNotIn(
            proposed.sha256[:12], self._text(f"/my/contracts/{contract.id}")
        )
        version.action_send_mail()
        self.assertEqual(self._download(url), PRIVACY)
        self.assertEqual(self._download(self._url(contract, first)), SERVICES)

    def test_tampered_is_not_handed_out(self):
        contract = self._sent_with_annex()
        annex = contract.version_id.annex_ids
        self._swap_bytes(annex)
        self._login(self.decider)
        self.assertIsNone(self._download(self._url(contract, annex)))
