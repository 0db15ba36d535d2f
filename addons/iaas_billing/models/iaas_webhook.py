import hmac
import json
import secrets
import uuid
from hashlib import sha256
from urllib.parse import urlsplit

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import NO_ACCESS

from .network_guard import allowed_hosts, find_addresses, is_forbidden, is_named

EVENTS = [
    ("statement.sent", "Statement sent to the customer"),
    ("statement.confirmed", "Statement confirmed"),
    ("statement.disputed", "Line disputed"),
    ("statement.posted", "Statement posted"),
    ("statement.voided", "Statement voided"),
    ("invoice.paid", "Invoice paid"),
]


class IaasWebhook(models.Model):
    """An address that other programs listen at: what happens is sent there, signed."""

    _name = "iaas.webhook"
    _description = "Webhook"
    _order = "name, id"
    _check_company_auto = True

    name = fields.Char(required=True)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
    )
    url = fields.Char(
        string="Address", required=True, help="Where events are posted, over HTTPS."
    )
    partner_id = fields.Many2one(
        "res.partner",
        string="Only of Customer",
        domain="[('is_iaas_customer', '=', True)]",
        help="Empty: events of all customers of the company.",
    )
    event_statement_sent = fields.Boolean(string="Statement Sent")
    event_statement_confirmed = fields.Boolean(string="Statement Confirmed")
    event_statement_disputed = fields.Boolean(string="Line Disputed")
    event_statement_posted = fields.Boolean(string="Statement Posted", default=True)
    event_statement_voided = fields.Boolean(string="Statement Voided", default=True)
    event_invoice_paid = fields.Boolean(string="Invoice Paid", default=True)
    # Needed in the clear to sign; nobody reads it back, not even a manager.
    secret = fields.Char(groups=NO_ACCESS, copy=False)
    has_secret = fields.Boolean(compute="_compute_has_secret", compute_sudo=True)
    delivery_ids = fields.One2many("iaas.webhook.delivery", "webhook_id")
    failed_count = fields.Integer(compute="_compute_failed_count")

    def _compute_has_secret(self):
        for webhook in self:
            webhook.has_secret = bool(webhook.sudo().secret)

    def _compute_failed_count(self):
        counts = dict(
            self.env["iaas.webhook.delivery"]._read_group(
                [("webhook_id", "in", self.ids), ("state", "=", "failed")],
                ["webhook_id"],
                ["__count"],
            )
        )
        for webhook in self:
            webhook.failed_count = counts.get(webhook, 0)

    @api.constrains("url")
    def _check_url(self):
        for webhook in self:
            webhook._split_url()

    def _split_url(self):
        """The host and the port that events are sent to.

        :raise ValidationError: when the address is none that they may be sent to
        """
        self.ensure_one()
        try:
            parts = urlsplit(self.url)
            port = parts.port or (443 if parts.scheme == "https" else 80)
        except ValueError:
            parts = None
        is_fit = (
            parts is not None
            and parts.scheme in ("https", "http")
            and parts.hostname
            and parts.username is None
        )
        # In the clear only to where the administrator says so.
        if is_fit and parts.scheme == "http":
            is_fit = is_named(parts.hostname, port, self._get_allowed_hosts())
        if not is_fit:
            raise ValidationError(
                self.env._(
                    "%(name)s: give an address that begins with https:// and a host, "
                    "without user and password.",
                    name=self.name,
                )
            )
        return parts.hostname, port

    @api.model
    def _get_allowed_hosts(self):
        """The hosts that may be told though they are the server's own, or over HTTP,
        since its administrator names them."""
        return allowed_hosts("iaas_webhook_hosts")

    def _check_target(self):
        """Refuse what would turn the server against itself, as connectors do: what a
        receiver answers is kept and can be read.

        :raise UserError: when events may not be sent there
        """
        host, port = self._split_url()
        if is_named(host, port, self._get_allowed_hosts()):
            return
        try:
            addresses = find_addresses(host, port)
        except OSError as error:
            raise UserError(
                self.env._(
                    "There is no host %(host)s: %(error)s", host=host, error=error
                )
            ) from error
        if any(map(is_forbidden, addresses)):
            raise UserError(
                self.env._(
                    "Events may not be sent to %(host)s. The server's administrator "
                    "allows it by iaas_webhook_hosts (or the environment's "
                    "IAAS_WEBHOOK_HOSTS).",
                    host=host,
                )
            )

    def action_new_secret(self):
        """Make a new secret and show it, this once."""
        self.ensure_one()
        self.check_access("write")
        secret = secrets.token_urlsafe(32)
        self.sudo().secret = secret
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "warning",
                "sticky": True,
                "title": self.env._("Copy the secret now: it is not shown again."),
                "message": secret,
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def action_ping(self):
        """Queue a test event."""
        self.check_access("write")
        self._queue("ping", [(webhook, {"webhook": webhook.name}) for webhook in self])

    def action_view_deliveries(self):
        """Open what was sent."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "iaas_billing.iaas_webhook_delivery_action"
        )
        return action | {"domain": [("webhook_id", "=", self.id)]}

    # ------------------------------------------------------------------
    # Events
    # ------------------------------------------------------------------

    @api.model
    def _emit(self, event, told):
        """Queue an event for the webhooks that listen to it. It is sent after the
        transaction that it tells of.

        :param event: a key of ``EVENTS``
        :param told: ``(company, partner, data)`` of each time that it happened; the
            data is what JSON can carry, amounts as text
        """
        field = f"event_{event.replace('.', '_')}"
        listeners = (
            self.sudo()
            .search([(field, "=", True)])
            .filtered(lambda webhook: webhook.company_id in {one[0] for one in told})
        )
        if listeners:
            self._queue(
                event,
                [
                    (webhook, data)
                    for company, partner, data in told
                    for webhook in listeners
                    if webhook.company_id == company and webhook._is_about(partner)
                ],
            )

    def _is_about(self, partner):
        """Whether the customer, or a company above it, is the one listened for."""
        if not self.partner_id:
            return True
        while partner and partner != self.partner_id:
            partner = partner.parent_id
        return bool(partner)

    @api.model
    def _queue(self, event, pairs):
        """Queue the event once for each ``(webhook, data)``."""
        values = []
        for webhook, data in pairs:
            identity = str(uuid.uuid4())
            body = {
                "specversion": "1.0",
                "id": identity,
                "source": f"iaas/{webhook.company_id.id}",
                "type": event,
                "time": f"{fields.Datetime.now().isoformat()}Z",
                "data": data,
            }
            values.append(
                {
                    "webhook_id": webhook.id,
                    "identity": identity,
                    "event": event,
                    "body": json.dumps(body, ensure_ascii=False),
                }
            )
        if values:
            # Whatever happened, deliveries are the system's to write.
            self.env["iaas.webhook.delivery"].sudo().create(values)
            # A run posts thousands: one call of the cron sends them all.
            self.env.ref("iaas_billing.ir_cron_webhook").sudo()._trigger()

    def _sign(self, timestamp, body):
        """The signature of a body that is sent at a time.

        :param timestamp: seconds since 1970 as text; part of what is signed, so that
            an old delivery cannot be sent again by a stranger
        :return: nothing as long as there is no secret: anybody could sign so
        """
        if not self.secret:
            return None
        message = f"{timestamp}.".encode() + body
        return hmac.new(self.secret.encode(), message, sha256).hexdigest()
