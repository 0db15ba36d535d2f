import hashlib
from datetime import date
from unittest.mock import patch

from freezegun import freeze_time
from psycopg2 import IntegrityError

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from .common_signing import IaasSigningCommon


@tagged("post_install", "-at_install")
@freeze_time("2026-03-10 12:00:00")
class TestContractDocument(IaasSigningCommon):
    """R36: what is sent is a file that is frozen byte by byte; nobody changes it, and
    who does it behind our back is found out."""

    def test_frozen_when_sent(self):
        contract = self._sent()
        document = contract.document_ids
        raw = document.attachment_id.raw
        self.assertTrue(raw.startswith(b"%PDF-"))
        self.assertEqual(document.sha256, hashlib.sha256(raw).hexdigest())
        self.assertEqual(document.terms_digest, contract._terms_digest())
        self.assertEqual((document.kind, document.state), ("generated", "current"))
        self.assertEqual(document.version_id, contract.version_id)
        self.assertGreater(document.page_count, 0)

    def test_same_terms_same_bytes(self):
        contract = self._sent()
        with freeze_time("2026-04-20 07:00:00"):
            self.assertEqual(
                contract.version_id._render_pdf(),
                contract.document_ids.attachment_id.raw,
            )

    def test_small_file_whatever_was_printed_before(self):
        """The fonts are looked up once, and a Latin contract holds no Chinese one."""
        contract = self._sent()
        own = contract.document_ids.attachment_id.raw
        self.assertLess(len(own), 100_000)
        other = self._sent(
            clause_ids=[Command.create({"name": "保密", "text": "サービスの内容"})]
        )
        self.assertNotEqual(other.version_id._render_pdf(), own)
        self.assertEqual(contract.version_id._render_pdf(), own)

    def test_the_file_says_what_was_agreed(self):
        """All terms stand in it, in any script."""
        self.other_customer.name = "海港分析"
        contract = self._sent(
            clause_ids=[Command.create({"name": "保密", "text": "サービスの内容"})],
            service_level="99.95 % a month",
            note='<p>Governing law: Germany</p><img src="file:///etc/passwd"/>',
        )
        html = self._html(contract)
        for text in ("海港分析", "保密", "サービスの内容", "99.95 % a month", "Server"):
            self.assertIn(text, html)
        self.assertIn("10", html)
        self.assertIn("Governing law: Germany", html)

    def test_says_when_fees_are_due(self):
        """R92: for the contract, and for the services of a discount line."""
        contract = self._sent(
            billing_timing="share",
            advance_percent="30",
            line_ids=[
                Command.create(
                    {
                        "product_id": self.server.id,
                        "discount": "0",
                        "billing_timing": "before",
                    }
                )
            ],
        )
        html = self._html(contract)
        self.assertIn("30 % before the service, the rest after it", html)
        self.assertIn("The statement after the", html)
        self.assertIn("Before the service", html)
        self.assertEqual(html.count("Fees are due"), 2)

    def _html(self, contract, version=None):
        """What the file is set from."""
        rendered = []
        qweb = self.registry["ir.qweb"]
        render = qweb._render

        def keep(self, template, values=None, **options):
            rendered.append(str(render(self, template, values, **options)))
            return rendered[-1]

        self.patch(qweb, "_render", keep)
        (version or contract.version_id)._render_pdf()
        return rendered[0]

    def test_the_file_of_an_amendment_has_its_prices(self):
        """An amendment states the prices that it proposes."""
        version = self._amendment(
            price_ids=[
                Command.create(
                    {
                        "product_id": self.server.id,
                        "charge_model": "standard",
                        "unit_price": "71.5",
                        "date_start": "2026-03-11",
                    }
                )
            ]
        )
        html = self._html(version.contract_id, version)
        self.assertIn("71.5", html)
        self.assertIn("What Changes", html)

    def test_terms_state_what_changes_in_an_amendment(self):
        version = self._amendment()
        self.assertIn("Notice (days): 0 → 30", version.changes)
        version.action_send_mail()
        self.assertEqual(version.document_ids.state, "current")

    def _amendment(self, **values):
        contract = self.contract.with_user(self.sales_user)
        version = contract.env["iaas.contract.version"].browse(
            contract.action_amend()["res_id"]
        )
        # As superuser: own prices are proposed by those who set prices.
        version.sudo().write({"notice_days": 30, **values})
        version.action_submit()
        self.assertEqual(version.state, "approved")
        return version

    def test_nobody_changes_the_file(self):
        attachment = self._sent().document_ids.attachment_id
        for user in (self.sales_user, self.ops_manager, self.env.user):
            for values in (
                {"raw": b"other"},
                {"datas": b"b3RoZXI="},
                {"name": "other.pdf"},
                {"res_id": 1},
                {"type": "url"},
            ):
                with (
                    self.subTest(user=user.login, values=values),
                    self.assertRaises(UserError),
                    self.cr.savepoint(),
                ):
                    attachment.with_user(user).write(values)
        with self.assertRaisesRegex(UserError, "kept as it was made"):
            attachment.sudo().raw = b"other"
        with self.assertRaisesRegex(UserError, "kept as it was made"):
            attachment.sudo().unlink()
        # To move the file to another storage Odoo writes the same bytes again.
        attachment.sudo().raw = attachment.raw
        with self.assertRaisesRegex(UserError, "kept as it was made"):
            attachment.sudo().with_context(bin_size=True).raw = b"400.00 Kb"

    def test_nobody_changes_the_record(self):
        document = self._sent().document_ids
        for values in ({"sha256": "0"}, {"state": "void"}, {"attachment_id": 1}):
            with self.assertRaises(UserError):
                document.write(values)
        with self.assertRaisesRegex(UserError, "kept as it was made"):
            document.sudo().sha256 = "0"
        with self.assertRaisesRegex(UserError, "cannot be deleted"):
            document.sudo().unlink()
        with self.assertRaises(UserError):
            document.with_user(self.ops_manager).copy()

    def test_tampered_bytes_are_found(self):
        contract = self._sent()
        document = contract.document_ids
        self.assertTrue(document._is_intact())
        self._tamper(document)
        self.assertFalse(document._is_intact())
        with self.assertRaisesRegex(UserError, "bytes were changed"):
            document._verify()
        with self.assertRaisesRegex(UserError, "bytes were changed"):
            self._sign_online(document)
        self.assertEqual(contract.state, "sent")
        action = document.action_check_integrity()
        self.assertEqual(action["domain"], [("id", "in", document.ids)])
        self.assertTrue(document.is_tampered)
        self.assertTrue(
            contract.activity_search(["iaas_contract.mail_activity_type_tampered"])
        )

    def test_cron_lists_the_tampered(self):
        good, bad = self._sent().document_ids, self._sent().document_ids
        self._tamper(bad)
        cron = self.env.ref("iaas_contract.ir_cron_iaas_contract_integrity")
        with (
            mute_logger("odoo.addons.iaas_contract.models.iaas_sealed_file_mixin"),
            self.enter_registry_test_mode(),
        ):
            cron.method_direct_trigger()
        (good + bad).invalidate_recordset()
        self.assertEqual((good.is_tampered, bad.is_tampered), (False, True))
        self.assertTrue(good.checked_date)
        # Those that were just looked at are not in the way of the others.
        with (
            patch.object(type(good), "_check_integrity") as check,
            self.enter_registry_test_mode(),
        ):
            cron.method_direct_trigger()
        check.assert_not_called()
        message = good.action_check_integrity()["params"]["message"]
        self.assertIn("1 documents checked", message)

    def test_banner_of_a_signed_contract(self):
        contract = self._sent()
        self.assertFalse(contract.signature_status)
        document = contract.document_ids
        self._sign_online(document)
        self.assertEqual(contract.signature_status, "valid")
        # The web client asks for the sizes of files in place of the files.
        contract.invalidate_recordset(["signature_status"])
        read = contract.with_context(bin_size=True, bin_size_raw=True).web_read(
            {"signature_status": {}, "document_ids": {"fields": {"sha256": {}}}}
        )
        self.assertEqual(read[0]["signature_status"], "valid")
        self._tamper(document)
        self.assertEqual(contract.signature_status, "broken")

    def test_banner_knows_a_tampered_certificate(self):
        contract = self._sent()
        self._sign_online(contract.document_ids)
        self._tamper(contract.signature_ids.proof_ids)
        self.assertEqual(contract.signature_status, "broken")

    def test_banner_knows_unsigned_terms(self):
        contract = self._sent()
        self._sign_online(contract.document_ids)
        contract.with_user(self.ops_manager).notice_days = 90
        contract.invalidate_recordset(["signature_status"])
        self.assertEqual(contract.signature_status, "outdated")

    def test_changed_terms_void_the_document(self):
        """R37: other terms, other document."""
        contract = self._sent()
        document = contract.document_ids
        contract.line_ids.discount = "11"
        self.assertEqual((contract.state, document.state), ("draft", "void"))
        with self.assertRaisesRegex(UserError, "is void"):
            self._sign_online(document)
        contract.action_send()
        self.assertEqual(contract.document_ids.mapped("state"), ["current", "void"])
        self.assertNotEqual(*contract.document_ids.mapped("sha256"))

    def test_changed_terms_void_the_signature(self):
        contract = self._sent(date_start="2026-05-01")
        self._sign_online(contract.document_ids)
        self.assertEqual(contract.state, "signed")
        contract.with_user(self.ops_manager).notice_days = 30
        self.assertEqual(contract.state, "draft")
        self.assertEqual(contract.signature_ids.state, "void")
        self.assertFalse(contract.signature_status)
        self.assertFalse(contract.signed_by)

    def test_terms_changed_behind_the_back_are_not_signed(self):
        contract = self._sent()
        self.env.cr.execute(
            "UPDATE iaas_contract_line SET discount = 90 WHERE contract_id = %s",
            [contract.id],
        )
        self.env.invalidate_all()
        with self.assertRaisesRegex(UserError, "changed after"):
            self._sign_online(contract.document_ids)

    def test_once_sent_never_deleted(self):
        contract = self._sent()
        contract.action_draft()
        with self.assertRaises(UserError):
            contract.with_user(self.ops_manager).unlink()
        version = self._amendment()
        version.action_send_mail()
        version.action_draft()
        with self.assertRaises(UserError):
            version.unlink()

    def test_rules(self):
        """R3, R7: no other company, and no customer, reads documents as such."""
        contract = self._sent()
        document = contract.document_ids
        self._sign_online(document)
        foreign = self.env["res.company"].create({"name": "Elsewhere"})
        outsider = self._iaas_user(
            "outsider",
            "sales_team.group_sale_manager",
            company_id=foreign.id,
            company_ids=[Command.set(foreign.ids)],
        )
        dispatch = self.env["iaas.contract.dispatch"].create(
            {"contract_id": contract.id}
        )
        for record in (document, contract.signature_ids, dispatch):
            for user in (outsider, self.decider, self.stranger):
                with (
                    self.subTest(model=record._name, user=user.login),
                    self.assertRaises(AccessError),
                ):
                    record.with_user(user).read(["contract_id"])
            self.assertTrue(record.with_user(self.auditor).read(["contract_id"]))
        with self.assertRaises(AccessError):
            document.attachment_id.with_user(self.stranger).read(["raw"])
        with self.assertRaises(AccessError):
            document.with_user(self.sales_user).read(["access_token"])
        with self.assertRaises(AccessError):
            dispatch.with_user(self.sales_user).unlink()

    def test_signature_is_written_once(self):
        contract = self._sent()
        self._sign_online(contract.document_ids)
        signature = contract.signature_ids.sudo()
        for values in ({"signed_by": "Other"}, {"sha256": "0"}, {"proof_ids": []}):
            with self.assertRaisesRegex(UserError, "kept as it was given"):
                signature.write(values)
        with self.assertRaisesRegex(UserError, "cannot be deleted"):
            signature.unlink()
        with self.assertRaises(UserError):
            signature.with_user(self.ops_manager).copy()
        with (
            self.assertRaises(IntegrityError),
            mute_logger("odoo.sql_db"),
            self.cr.savepoint(),
        ):
            signature.create(
                {
                    "document_id": signature.document_id.id,
                    "sha256": "0",
                    "route": "online",
                    "signed_by": "Second",
                    "signed_date": date(2026, 3, 10),
                }
            )

    def test_route_by_tier(self):
        self.assertEqual(self.tier_large.signing_route, "offline")
        self.assertEqual(self.tier_small.signing_route, "online")
        self.assertEqual(self._sent().signing_route, "online")
        self.assertEqual(self._sent(self.customer).signing_route, "offline")

    def test_message_to_the_decision_makers(self):
        contract = self._sent()
        action = contract.action_send_mail()
        composer = Form(
            self.env["mail.compose.message"]
            .with_user(self.sales_user)
            .with_context(**action["context"])
        ).save()
        self.assertEqual(composer.partner_ids, self.decider.partner_id)
        self.assertEqual(composer.attachment_ids, contract.document_ids.attachment_id)
        document = contract.document_ids.sudo()
        self.assertIn(
            f"/sign/{document.id}?access_token={document.access_token}", composer.body
        )
        composer.action_send_mail()
        message = contract.message_ids.filtered("attachment_ids")
        self.assertEqual(message.attachment_ids, document.attachment_id)
        self.assertEqual(message.notified_partner_ids, self.decider.partner_id)
        self.assertTrue(document._is_intact())
        # The link signs: colleagues do not find it on the page of the contract.
        seen = (
            self.env["mail.message"]
            .with_user(self.clerk)
            .search([("model", "=", contract._name), ("res_id", "=", contract.id)])
        )
        self.assertNotIn(message, seen)

    def test_pages_are_counted(self):
        paper = self.env["iaas.contract.paper"]
        self.assertEqual(paper._count_pages(self._iaas_pdf(3)), 3)
        for content in (b"", b"%PDF-1.4", b"no pdf", b"\x89PNG"):
            with self.assertRaisesRegex(UserError, "cannot be read as a PDF"):
                paper._count_pages(content)

    def test_draft_and_reports(self):
        contract = self._sent()
        contract.action_draft()
        url = contract.action_download_document()["url"]
        self.assertIn(f"/iaas/contract/{contract.id}/draft.pdf", url)
        self.assertGreater(len(contract._render_pdf(contract, "x")), 1000)
        action = contract.action_open_review()
        html, _kind = self.env["ir.actions.report"]._render_qweb_html(
            "iaas_contract.report_contract_review", [action["res_id"]]
        )
        self.assertIn("Analytics cluster", html.decode())
        order = self._iaas_order(self.contract, (self.server, 1))
        order.action_confirm()
        html, _kind = self.env["ir.actions.report"]._render_qweb_html(
            "sale.report_saleorder", order.ids
        )
        text = " ".join(html.decode().split())
        self.assertIn("Framework Contract", text)
        self.assertIn(self.contract.name, text)
        self.assertIn("v1", text)
