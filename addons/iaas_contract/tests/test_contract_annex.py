import base64
import hashlib
import io
from datetime import date

from freezegun import freeze_time
from PIL import Image

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from .common_annex import PRIVACY, SERVICES, IaasAnnexCommon

ANNEX = "iaas.contract.annex"


@tagged("post_install", "-at_install")
@freeze_time("2026-03-10 12:00:00")
class TestContractAnnex(IaasAnnexCommon):
    """R28: a contract has attachments per version; they are terms like its clauses,
    known by the SHA-256 of their bytes."""

    # === THE FILE ===

    def test_digest_of_the_bytes(self):
        contract = self._sent_with_annex()
        annex = contract.annex_ids
        self.assertEqual(annex.sha256, hashlib.sha256(SERVICES).hexdigest())
        self.assertEqual(self._bytes(annex), SERVICES)
        contract.action_draft()
        annex.with_context(bin_size=True).file = base64.b64encode(PRIVACY)
        self.assertEqual(annex.sha256, hashlib.sha256(PRIVACY).hexdigest())

    def test_no_client_sets_the_digest(self):
        contract = self._sent()
        contract.action_draft()
        for values in ({"sha256": "0" * 64}, {"is_tampered": True}):
            with self.subTest(values), self.assertRaisesRegex(UserError, "by hand"):
                contract.annex_ids = [Command.create(self._annex_values(**values))]
        contract.annex_ids = [Command.create(self._annex_values())]
        with self.assertRaisesRegex(UserError, "by hand"):
            contract.annex_ids.sha256 = "0" * 64

    def test_pictures_are_kept_as_they_are(self):
        """Odoo makes large pictures smaller; these are agreed on byte by byte."""
        stream = io.BytesIO()
        Image.new("RGB", (4000, 30)).save(stream, "PNG")
        contract = self._sent_with_annex(stream.getvalue())
        self.assertEqual(self._bytes(contract.annex_ids), stream.getvalue())
        self.assertTrue(contract.annex_ids._is_intact())

    def test_clear_errors(self):
        contract = self._sent()
        contract.action_draft()
        for values, message in (
            ({"file": False}, "Service description has no file"),
            ({"file": b""}, "Service description has no file"),
            ({"file": "A"}, "cannot be read"),
            (
                {"file": base64.b64encode(b"0" * (25 * 1024 * 1024 + 1))},
                "has 26 MB; an annex may have 25 MB",
            ),
        ):
            with self.subTest(message), self.assertRaisesRegex(UserError, message):
                contract.annex_ids = [Command.create(self._annex_values(**values))]
        contract.annex_ids = [Command.create(self._annex_values())]
        with self.assertRaisesRegex(UserError, "has no file"):
            contract.annex_ids.file = False

    def test_name_follows_the_file(self):
        with Form(self.env["iaas.contract"].with_user(self.sales_user)) as form:
            form.title = "Cloud services"
            form.partner_id = self.other_customer
            form.date_start = date(2026, 4, 1)
            with form.annex_ids.new() as line:
                line.file = base64.b64encode(PRIVACY)
                line.file_name = "Data processing.pdf"
        contract = form.record
        self.assertEqual(contract.annex_ids.name, "Data processing")
        self.assertEqual(contract.annex_ids.sha256, hashlib.sha256(PRIVACY).hexdigest())

    # === A TERM ===

    def test_is_part_of_the_digest(self):
        contract = self._sent()
        self.assertNotIn("annexes", contract._terms_data())
        contract.action_draft()
        seen = {contract._terms_digest()}
        contract.annex_ids = [Command.create(self._annex_values())]
        for values in (
            {},
            {"name": "Services"},
            {"description": "Of January"},
            {"file": base64.b64encode(PRIVACY)},
        ):
            contract.annex_ids.write(values)
            digest = contract._terms_digest()
            self.assertNotIn(digest, seen)
            seen.add(digest)
        self.env.invalidate_all()
        self.assertEqual(contract._terms_digest(), digest)

    def test_change_voids_what_was_sent(self):
        for change in (
            lambda annex: annex.write({"file": base64.b64encode(PRIVACY)}),
            lambda annex: annex.write({"name": "Services"}),
            lambda annex: annex.unlink(),
            lambda annex: annex.copy(),
        ):
            with self.subTest(change):
                contract = self._sent_with_annex()
                document = self._document(contract)
                change(contract.annex_ids.with_user(self.sales_user))
                self.assertEqual(contract.state, "draft")
                self.assertEqual(document.state, "void")

    def test_same_file_again_voids_nothing(self):
        contract = self._sent_with_annex()
        contract.annex_ids.file = base64.b64encode(SERVICES)
        self.assertEqual(contract.state, "sent")

    def test_who_uploads_does_not_approve(self):
        manager = self._iaas_user("sales_manager", "sales_team.group_sale_manager")
        contract = self._sent()
        contract.action_draft()
        contract.with_user(manager).annex_ids = [Command.create(self._annex_values())]
        self.assertIn(manager, contract.sudo().author_ids)
        self._activate(contract)
        contract.action_amend()
        version = contract.version_ids.filtered(lambda v: v.state == "draft")
        self.env[ANNEX].with_user(manager).create(
            self._annex_values(PRIVACY, version_id=version.id)
        )
        self.assertIn(manager, version.sudo().writer_ids)

    # === VERSIONS ===

    def _activate(self, contract):
        contract.action_send()
        self._sign_online(self._document(contract))
        self.assertEqual(contract.state, "active")

    def _signed(self):
        contract = self._sent_with_annex()
        self._sign_online(self._document(contract))
        self.assertEqual(contract.state, "active")
        return contract

    def test_signed_annexes_need_an_addendum(self):
        contract = self._signed()
        first = contract.version_id
        annex = contract.annex_ids.with_user(self.sales_user)
        for change in (
            lambda: annex.write({"file": base64.b64encode(PRIVACY)}),
            lambda: annex.write({"name": "Services"}),
            lambda: annex.unlink(),
            lambda: annex.copy(),
        ):
            with self.assertRaisesRegex(UserError, "addendum"), self.cr.savepoint():
                change()
        annex.with_user(self.ops_manager).file = base64.b64encode(PRIVACY)
        self.assertGreater(contract.version_id.number, first.number)
        self.assertEqual(self._bytes(first.annex_ids), SERVICES)
        self.assertEqual(self._bytes(contract.version_id.annex_ids), PRIVACY)
        self.assertEqual(contract.signature_status, "outdated")

    def test_amendment_adds_replaces_and_withdraws(self):
        contract = self._signed()
        first = contract.version_id
        contract.annex_ids.with_user(self.ops_manager).copy(
            self._annex_values(b"Old price sheet", name="Old sheet")
        )
        contract.action_amend()
        version = contract.version_ids.filtered(lambda v: v.state == "draft")
        kept, gone = version.annex_ids.sorted("id")
        self.assertEqual(gone.name, "Old sheet")
        version.with_user(self.sales_user).write(
            {
                "date_effective": date(2026, 3, 10),
                "annex_ids": [
                    Command.update(kept.id, {"file": base64.b64encode(b"Second")}),
                    Command.delete(gone.id),
                    Command.create(self._annex_values(PRIVACY, name="Privacy")),
                ],
            }
        )
        for line in (
            "− Annex: Service description, SHA-256 "
            f"{hashlib.sha256(SERVICES).hexdigest()[:12]}…",
            "+ Annex: Service description, SHA-256 "
            f"{hashlib.sha256(b'Second').hexdigest()[:12]}…",
            "− Annex: Old sheet",
            "+ Annex: Privacy",
        ):
            self.assertIn(line, version.changes)
        version.action_submit()
        version.action_send_mail()
        with self.assertRaisesRegex(UserError, "submitted"), self.cr.savepoint():
            version.annex_ids[0].with_user(self.sales_user).name = "Another"
        self._sign_online(self._document(contract))
        self.assertEqual(version.state, "in_force")
        self.assertEqual(
            [self._bytes(annex) for annex in contract.annex_ids], [b"Second", PRIVACY]
        )
        self.assertEqual(contract._terms_digest(), version.sudo().digest)
        self.assertEqual(self._bytes(first.annex_ids), SERVICES)

    def test_frozen_with_its_version_in_every_mode(self):
        """Not the superuser, not by the attachment, not by a second attachment."""
        contract = self._signed()
        annex = contract.version_id.annex_ids
        for change in (
            lambda: annex.sudo().write({"file": base64.b64encode(PRIVACY)}),
            lambda: annex.sudo().write({"name": "Other"}),
            lambda: annex.sudo().unlink(),
        ):
            with self.assertRaisesRegex(UserError, "as it was submitted"):
                change()
        attachment = annex.sudo()._sealed_attachment()
        for change in (
            lambda: attachment.write({"raw": PRIVACY}),
            lambda: attachment.write({"res_id": 0}),
            lambda: attachment.unlink(),
            lambda: attachment.copy(),
            lambda: attachment.create({"name": "file", "raw": PRIVACY}).write(
                {"res_model": ANNEX, "res_id": annex.id, "res_field": "file"}
            ),
            lambda: attachment.with_context(iaas_annex_file=True).write(
                {"raw": PRIVACY}
            ),
        ):
            with self.assertRaisesRegex(UserError, "contract annex"):
                with self.cr.savepoint():
                    change()
        self.env.invalidate_all()
        self.assertEqual(self._bytes(annex), SERVICES)
        self.assertTrue(annex._is_intact())

    def test_renewal_and_copy_take_them_along(self):
        contract = self._signed()
        copy = contract.with_context(bin_size=True).copy()
        self.assertEqual(self._bytes(copy.annex_ids), SERVICES)
        self.assertEqual(copy.annex_ids.sha256, contract.annex_ids.sha256)
        self.assertTrue(copy.annex_ids._is_intact())

    # === PAPER AND PROOF ===

    def test_printed_with_name_and_digest(self):
        contract = self._sent_with_annex()
        contract.action_draft()
        contract.annex_ids.description = "What each service does"
        contract.action_send()
        version = contract.version_id.sudo()
        html = str(
            self.env["ir.qweb"]._render(
                "iaas_contract.contract_document",
                {
                    "contract": contract.sudo(),
                    "terms": version,
                    "company": contract.company_id,
                    "is_draft": False,
                    "is_amendment": False,
                    "prices": contract.price_ids,
                    "lang": "en-US",
                },
            )
        )
        for text in (
            "Service description",
            "What each service does",
            "services.pdf",
            version.annex_ids.sha256,
        ):
            self.assertIn(text, html)

    def test_tampered_annex_is_not_signed_and_found(self):
        contract = self._sent_with_annex()
        document = self._document(contract)
        annex = contract.version_id.annex_ids
        self._swap_bytes(annex)
        self.assertFalse(annex._is_intact())
        with self.assertRaisesRegex(UserError, "not the one that was agreed on"):
            self._sign_online(document)
        self.assertEqual(contract.state, "sent")
        action = contract.action_check_integrity()
        self.assertEqual(action["res_model"], ANNEX)
        self.assertEqual(action["domain"], [("id", "in", annex.ids)])
        self.assertTrue(
            contract.activity_search(["iaas_contract.mail_activity_type_tampered"])
        )

    def test_cron_lists_the_tampered(self):
        good = self._signed().version_id.annex_ids
        bad = self._signed().version_id.annex_ids
        self._swap_bytes(bad)
        cron = self.env.ref("iaas_contract.ir_cron_iaas_contract_annex_integrity")
        with (
            mute_logger("odoo.addons.iaas_contract.models.iaas_sealed_file_mixin"),
            self.enter_registry_test_mode(),
        ):
            cron.method_direct_trigger()
        (good + bad).invalidate_recordset()
        self.assertEqual((good.is_tampered, bad.is_tampered), (False, True))

    # === ROLES ===

    def test_each_role(self):
        """Sales and operations write; the others of the house read; nobody else."""
        contract = self._sent_with_annex()
        contract.action_draft()
        accountant = self._iaas_user("accountant", "account.group_account_invoice")
        writers = self.sales_user + self.ops_user
        readers = self.solution_engineer + accountant + self.auditor
        nobody = self.decider + self._iaas_user("plain", "base.group_user")
        annex = contract.annex_ids
        for user in writers:
            own = annex.with_user(user)
            own.name = f"By {user.login}"
            own.copy().unlink()
        for user in readers + nobody:
            own = annex.with_user(user)
            for change in (
                lambda own=own: own.write({"name": "Mine"}),
                lambda own=own: own.unlink(),
                lambda own=own: own.create(self._annex_values(contract_id=contract.id)),
            ):
                with (
                    self.subTest(user=user.login),
                    self.assertRaises(AccessError),
                    mute_logger("odoo.addons.base.models.ir_model"),
                ):
                    change()
        for user in writers + readers:
            own = annex.with_user(user)
            own.invalidate_recordset()
            self.assertEqual(base64.b64decode(own.file), SERVICES)
        for user in nobody:
            with (
                self.subTest(user=user.login),
                self.assertRaises(AccessError),
                mute_logger("odoo.addons.base.models.ir_model"),
            ):
                annex.with_user(user).read(["file"])

    def test_other_company(self):
        company = self.env["res.company"].create({"name": "Elsewhere"})
        contract = self.env["iaas.contract"].create(
            {
                "title": "Not theirs",
                "partner_id": self.other_customer.id,
                "company_id": company.id,
                "date_start": "2026-01-01",
                "annex_ids": [Command.create(self._annex_values())],
            }
        )
        annex = contract.annex_ids
        self.assertEqual(annex.company_id, company)
        for user in (self.sales_user, self.ops_manager, self.auditor):
            own = self.env[ANNEX].with_user(user)
            self.assertNotIn(annex, own.search([]))
            with (
                self.assertRaises(AccessError),
                mute_logger("odoo.addons.base.models.ir_rule"),
            ):
                own.browse(annex.id).read(["name"])
