import base64
import logging

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

_logger = logging.getLogger(__name__)

_BATCH_SIZE = 20


class IaasStatement(models.Model):
    """Statements by mail, to the contacts whose role it is to get them."""

    _inherit = "iaas.statement"

    mail_state = fields.Selection(
        [
            ("pending", "To send"),
            ("sent", "Sent"),
            ("no_contact", "Nobody to send it to"),
            ("failed", "Could not be sent"),
        ],
        string="Mail",
        readonly=True,
        copy=False,
        index="btree_not_null",
        help="Contacts get it whose role receives statements.",
    )

    def _get_mail_contacts(self):
        """Contacts of the customer with an address, in a role that gets statements;
        those of the company above it where it has none itself."""
        self.ensure_one()
        partner = self.partner_id
        while partner:
            contacts = self.env["res.partner"].search(
                [
                    ("parent_id", "=", partner.id),
                    ("is_company", "=", False),
                    ("email", "!=", False),
                    ("iaas_contact_role_ids.receives_statements", "=", True),
                ]
            )
            if contacts:
                return contacts
            partner = partner.parent_id
        return self.env["res.partner"]

    def action_mail(self):
        """Send the statement to the contacts now."""
        self._check_billing()
        for statement in self:
            if statement.state not in ("sent", "confirmed", "posted"):
                raise UserError(
                    self.env._(
                        "%(statement)s is not with the customer, so it is not mailed.",
                        statement=statement.name,
                    )
                )
        self.sudo()._mail()

    def _post(self):
        result = super()._post()
        self.write({"mail_state": "pending"})
        return result

    def _send_for_confirmation(self):
        result = super()._send_for_confirmation()
        self.write({"mail_state": "pending"})
        return result

    def _mail(self):
        """Send the statements with their PDF and their detail."""
        for statement in self:
            template = self.env.ref(statement._get_mail_template())
            contacts = statement._get_mail_contacts()
            if not contacts:
                statement.mail_state = "no_contact"
                continue
            statement._portal_ensure_token()
            template.send_mail(
                statement.id,
                email_values={
                    "recipient_ids": [fields.Command.set(contacts.ids)],
                    "attachment_ids": statement._make_mail_attachments().ids,
                },
            )
            statement.mail_state = "sent"

    def _mail_apart(self):
        """Send each by itself: one that fails says so and keeps no other back."""
        for statement in self:
            try:
                with self.env.cr.savepoint():
                    statement._mail()
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
                raise
            except Exception as error:  # noqa: BLE001 the others must be sent
                _logger.error("%s: no mail", statement.name, exc_info=error)
                statement.mail_state = "failed"
                statement.message_post(
                    body=self.env._(
                        "The mail could not be made: %(error)s. Send it again when "
                        "that is mended.",
                        error=str(error) or repr(error),
                    )
                )

    def _get_mail_template(self):
        if self.kind == "advance":
            return "iaas_billing.mail_template_statement_advance"
        return "iaas_billing.mail_template_statement"

    def _make_mail_attachments(self):
        statement = self.with_context(lang=self._get_paper_lang().code)
        files = [statement._export_pdf(), statement._export_csv()]
        return self.env["ir.attachment"].create(
            [
                {
                    "name": name,
                    "mimetype": mimetype,
                    "datas": base64.b64encode(content),
                    "res_model": "mail.message",
                    "res_id": 0,
                }
                for name, mimetype, content in files
            ]
        )

    @api.model
    def _cron_mail(self):
        """Send what waits to be sent."""
        cron = self.env["ir.cron"]
        domain = [
            ("mail_state", "=", "pending"),
            ("state", "in", ("sent", "posted")),
        ]
        cron._commit_progress(remaining=self.search_count(domain))
        while statements := self.search(domain, order="id", limit=_BATCH_SIZE):
            statements._mail_apart()
            time_left = cron._commit_progress(len(statements))
            self.env.invalidate_all()
            if not time_left:
                return
