import base64
from datetime import date

from freezegun import freeze_time

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import Form, tagged

from .common_signing import IaasSigningCommon


@tagged("post_install", "-at_install")
@freeze_time("2026-03-10 12:00:00")
class TestContractSigning(IaasSigningCommon):
    """R35, R36: online with a drawn signature, on paper with a compared scan."""

    def test_online_signature_activates(self):
        contract = self._sent()
        document = contract.document_ids
        frozen = document.attachment_id.raw
        self._sign_online(
            document,
            name="  Mei   Tanaka ",
            signer_id=self.decider.partner_id.id,
            email="decider@example.com",
            ip_address="203.0.113.7",
            user_agent="Firefox",
        )
        self.assertEqual(contract.state, "active")
        self.assertEqual(contract.signed_by, "Mei Tanaka")
        self.assertEqual(contract.version_id.signed_by, "Mei Tanaka")
        signature = contract.signature_ids
        self.assertEqual(signature.sha256, document.sha256)
        self.assertEqual(signature.ip_address, "203.0.113.7")
        self.assertEqual(document.state, "signed")
        # The signed file is the one that was sent; the certificate is another one.
        self.assertEqual(document.attachment_id.raw, frozen)
        certificate = signature.proof_ids
        self.assertEqual(certificate.kind, "certificate")
        self.assertEqual(certificate.page_count, 1)
        message = contract.message_ids.filtered(
            lambda m: m.author_id == self.decider.partner_id
        )[:1]
        self.assertIn(document.sha256, message.body)
        self.assertEqual(
            message.attachment_ids, document.attachment_id | certificate.attachment_id
        )
        mail = self.env["mail.mail"].search(
            [("email_to", "=", "decider@example.com")], limit=1
        )
        self.assertIn("is signed", mail.subject)
        self.assertEqual(len(mail.attachment_ids), 2)

    def test_signed_before_the_first_day(self):
        contract = self._sent(date_start="2026-05-01")
        self._sign_online(contract.document_ids)
        self.assertEqual(contract.state, "signed")
        self.assertEqual(contract.signature_status, "valid")

    def test_second_signature_is_refused(self):
        contract = self._sent()
        document = contract.document_ids
        self._sign_online(document)
        with self.assertRaisesRegex(UserError, "already signed, by Mei Tanaka"):
            self._sign_online(document, name="Second")
        self.assertEqual(len(contract.signature_ids), 1)

    def test_page_that_shows_another_document(self):
        contract = self._sent()
        shown = contract.document_ids.sha256
        contract.line_ids.discount = "11"
        contract.action_send()
        with self.assertRaisesRegex(UserError, "shows another document"):
            self._sign_online(self._document(contract), sha256=shown)
        self.assertEqual(contract.state, "sent")

    def test_signature_needs_name_and_drawing(self):
        document = self._sent().document_ids
        for values in (
            {"name": " "},
            {"name": "x" * 101},
            {"image": False},
            {"image": "!!"},
            {"image": base64.b64encode(b"no picture").decode()},
        ):
            with self.subTest(values), self.assertRaises(UserError):
                self._sign_online(document, **values)
        self.assertEqual(document.state, "current")

    def test_what_was_declined_goes_back(self):
        contract = self._sent()
        document = contract.document_ids
        with self.assertRaisesRegex(UserError, "Say why"):
            document.sudo()._decline(" ", self.decider.partner_id)
        document.sudo()._decline("Too dear", self.decider.partner_id)
        self.assertEqual((contract.state, document.state), ("draft", "void"))
        self.assertIn("Too dear", contract.message_ids[:1].body)
        self.assertEqual(contract.message_ids[:1].author_id, self.decider.partner_id)
        activity = contract.activity_ids.filtered(
            lambda a: a.summary == "Declined by the customer"
        )
        self.assertEqual(activity.user_id, self.sales_user)
        with self.assertRaisesRegex(UserError, "is void"):
            document.sudo()._decline("Again", self.decider.partner_id)

    # === AMENDMENTS ===

    def _amendment(self, contract, **values):
        version = contract.env["iaas.contract.version"].browse(
            contract.action_amend()["res_id"]
        )
        version.write({"notice_days": 30, "date_effective": "2026-03-10", **values})
        version.action_submit()
        return version

    def test_amendment_is_signed_in_the_same_way(self):
        contract = self._sent()
        self._sign_online(contract.document_ids)
        first = contract.version_id
        version = self._amendment(contract)
        # The customer sees it once it was sent.
        version._document()
        self.assertFalse(self._document(contract))
        version.action_send_mail()
        document = self._document(contract)
        self.assertEqual(document.version_id, version)
        self._sign_online(document)
        self.assertEqual((version.state, first.state), ("in_force", "superseded"))
        self.assertEqual(version.signed_by, "Mei Tanaka")
        self.assertEqual(contract.notice_days, 30)
        self.assertEqual(contract.signature_status, "valid")
        self.assertEqual(len(contract.signature_ids), 2)

    def test_amendment_in_future_waits_for_its_day(self):
        contract = self._sent()
        self._sign_online(contract.document_ids)
        version = self._amendment(contract, date_effective="2026-04-01")
        version.action_send_mail()
        self._sign_online(version.document_ids)
        self.assertEqual((version.state, contract.notice_days), ("approved", 0))
        with freeze_time("2026-04-01 12:00:00"):
            self.env["iaas.contract.version"]._cron_put_in_force()
        self.assertEqual((version.state, contract.notice_days), ("in_force", 30))
        self.assertEqual(contract.signature_status, "valid")

    def test_amendment_taken_back_is_void(self):
        contract = self._sent()
        self._sign_online(contract.document_ids)
        version = self._amendment(contract, date_effective="2026-04-01")
        version.action_send_mail()
        self._sign_online(version.document_ids)
        version.action_draft()
        self.assertEqual(set(version.document_ids.mapped("state")), {"void"})
        self.assertFalse(version.signed_by)
        self.assertEqual(version.document_ids.signature_ids.state, "void")
        self.assertEqual(contract.signature_status, "valid")

    def test_amendment_on_paper(self):
        contract = self._sent(self.customer)
        self._iaas_sign_on_paper(contract)
        version = self._amendment(contract)
        self._iaas_sign_on_paper(version, signed_by="Ken Sato")
        self.assertEqual((version.state, version.signed_by), ("in_force", "Ken Sato"))

    def test_signatory_of_an_amendment_is_not_typed(self):
        """R10: nobody puts terms in force by typing a name."""
        contract = self._sent()
        self._sign_online(contract.document_ids)
        version = self._amendment(contract)
        for values in (
            {"signed_by": "Nobody"},
            {"signed_date": date(2026, 3, 1)},
            {"date_sent": date(2026, 3, 1)},
        ):
            with self.assertRaisesRegex(UserError, "by its buttons"):
                version.write(values)

    # === ON PAPER ===

    def test_paper_record(self):
        contract = self._sent(self.customer)
        document = contract.document_ids
        self._iaas_sign_on_paper(contract, our_signatory="Ann Lee")
        self.assertEqual(contract.state, "active")
        signature = contract.signature_ids
        self.assertEqual(
            (signature.route, signature.our_signatory, signature.compared_by_id),
            ("offline", "Ann Lee", self.sales_user),
        )
        self.assertTrue(signature.compared_at)
        self.assertEqual(signature.original_location, "Archive, shelf 12")
        self.assertEqual(signature.sha256, document.sha256)
        scan = signature.proof_ids
        self.assertEqual((scan.kind, scan.page_count), ("scan", document.page_count))
        self.assertEqual(contract.signature_status, "valid")
        with self.assertRaisesRegex(UserError, "kept as it was made"):
            scan.attachment_id.sudo().raw = b"other"

    def test_paper_needs_scan_comparison_and_place(self):
        contract = self._sent(self.customer)
        short = base64.b64encode(self._iaas_pdf(contract.document_ids.page_count + 1))
        for values, reason in (
            ({"scan": False}, "Upload the scan"),
            ({"scan": short}, "the approved file has"),
            ({"is_compared": False}, "Compare the signed paper"),
            ({"original_location": False}, "where the signed original lies"),
            ({"scan": base64.b64encode(b"GIF89a")}, "cannot be read as a PDF"),
        ):
            with self.subTest(reason), self.assertRaisesRegex(UserError, reason):
                self._iaas_sign_on_paper(contract, **values)
        self.assertEqual(contract.state, "sent")
        self._iaas_sign_on_paper(contract, scan=short, page_note="Cover sheet")
        self.assertEqual(contract.signature_ids.page_note, "Cover sheet")

    def test_paper_form_shows_the_pages(self):
        contract = self._sent(self.customer)
        action = contract.action_sign()
        form = Form(
            self.env[action["res_model"]]
            .with_user(self.sales_user)
            .with_context(**action["context"])
        )
        self.assertEqual(form.document_page_count, contract.document_ids.page_count)
        form.scan = base64.b64encode(self._iaas_pdf(7))
        self.assertEqual(form.scan_page_count, 7)

    def test_paper_contract_is_not_signed_online(self):
        contract = self._sent(self.customer)
        with self.assertRaisesRegex(UserError, "signed on paper"):
            self._sign_online(contract.document_ids)

    def test_auditor_records_nothing(self):
        contract = self._sent(self.customer)
        with self.assertRaises(UserError):
            self._iaas_sign_on_paper(contract.with_user(self.auditor))

    def test_superuser_signs_as_before(self):
        """Contracts of old that are entered by the system need no file."""
        contract = self._sent(self.customer)
        contract.sudo()._sign("Mei Tanaka", date(2026, 3, 10))
        self.assertEqual(contract.state, "active")
        self.assertFalse(contract.signature_status)

    def test_log_of_sending_and_receiving(self):
        contract = self._sent(self.customer)
        with Form(contract) as form:
            with form.dispatch_ids.new() as line:
                line.medium = "courier"
                line.tracking_number = "4711"
        self.assertEqual(contract.dispatch_ids.user_id, self.sales_user)
        self.assertEqual(contract.dispatch_ids.date, date(2026, 3, 10))

    def test_standard_terms_need_no_approver(self):
        """R36: from the draft to a contract in force without anybody else of ours."""
        contract = self._sent(catalogue_id=False, line_ids=[Command.clear()])
        self._sign_online(contract.document_ids)
        self.assertEqual(contract.state, "active")
        self.assertEqual(contract.decision_ids.mapped("decision"), ["automatic"])
