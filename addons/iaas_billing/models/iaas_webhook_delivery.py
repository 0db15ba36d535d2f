import logging
import time
from contextlib import closing
from datetime import timedelta

import requests

from odoo import api, fields, models
from odoo.exceptions import UserError

from .iaas_webhook import EVENTS

_logger = logging.getLogger(__name__)
_TIMEOUT = 10
#: How long to wait before each further try.
_WAITS = [timedelta(minutes=minutes) for minutes in (1, 5, 30, 2 * 60, 6 * 60, 24 * 60)]
_ANSWER = 500
_KEPT_DAYS = 90


class IaasWebhookDelivery(models.Model):
    """One event to one address: sent until it is taken, with what became of it."""

    _name = "iaas.webhook.delivery"
    _description = "Webhook Delivery"
    _order = "id desc"
    _rec_name = "identity"

    webhook_id = fields.Many2one(
        "iaas.webhook", required=True, readonly=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        related="webhook_id.company_id", store=True, precompute=True
    )
    identity = fields.Char(
        string="Event Id",
        required=True,
        readonly=True,
        help="The same in every try: the receiver knows a repetition by it.",
    )
    event = fields.Selection([*EVENTS, ("ping", "Test")], required=True, readonly=True)
    body = fields.Text(required=True, readonly=True)
    state = fields.Selection(
        [("pending", "To send"), ("done", "Delivered"), ("failed", "Failed")],
        string="Status",
        default="pending",
        required=True,
        readonly=True,
        index=True,
    )
    attempts = fields.Integer(readonly=True)
    next_try = fields.Datetime(
        default=fields.Datetime.now, required=True, readonly=True
    )
    delivered_at = fields.Datetime(string="Delivered", readonly=True)
    status_code = fields.Integer(string="Answer Code", readonly=True)
    answer = fields.Text(readonly=True, help="How it was answered the last time.")

    _identity_unique = models.Constraint(
        "UNIQUE (identity)", "An event is queued once for an address."
    )

    def action_retry(self):
        """Send it again."""
        self.webhook_id.check_access("write")
        self.sudo().write(
            {"state": "pending", "attempts": 0, "next_try": fields.Datetime.now()}
        )
        self.env.ref("iaas_billing.ir_cron_webhook").sudo()._trigger()

    @api.model
    def _cron_send(self):
        """Send what is due, each in a transaction of its own. A receiver that cannot
        be reached is waited for once a round, so that the others need not wait for
        all that is due to it."""
        cron = self.env["ir.cron"]
        due = self.search(
            [
                ("state", "=", "pending"),
                ("next_try", "<=", fields.Datetime.now()),
                ("webhook_id.active", "=", True),
            ],
            order="id",
        )
        cron._commit_progress(remaining=len(due))
        unreachable = self.env["iaas.webhook"]
        for delivery in due:
            if delivery.webhook_id not in unreachable:
                delivery = delivery.try_lock_for_update()
                if delivery.state == "pending":
                    delivery._send()
                    if not delivery.status_code:
                        unreachable += delivery.webhook_id
            if not cron._commit_progress(1):
                return

    def _send(self):
        """Send the event and note what became of it, whatever that is."""
        self.ensure_one()
        try:
            status, answer = self._post_event()
        except (requests.RequestException, UserError) as error:
            self._note(False, 0, str(error))
        except Exception as error:  # noqa: BLE001 the other deliveries must go on
            _logger.error("Webhook delivery %s failed", self.identity, exc_info=error)
            self._note(False, 0, repr(error))
        else:
            self._note(200 <= status < 300, status, answer)

    def _post_event(self):
        """:return: the status code and the beginning of the answer"""
        self.webhook_id._check_target()
        body = self.body.encode()
        timestamp = str(int(time.time()))
        headers = {
            "Content-Type": "application/cloudevents+json; charset=utf-8",
            "User-Agent": "iaas-suite",
            "X-IaaS-Event": self.event,
            "X-IaaS-Delivery": self.identity,
            "X-IaaS-Timestamp": timestamp,
        }
        if signature := self.webhook_id._sign(timestamp, body):
            headers["X-IaaS-Signature"] = f"v1={signature}"
        with (
            requests.Session() as session,
            closing(
                session.post(
                    self.webhook_id.url,
                    data=body,
                    headers=headers,
                    # No .netrc: it would add credentials of ours.
                    auth=lambda prepared: prepared,
                    timeout=_TIMEOUT,
                    # A redirect could lead the event to somebody else.
                    allow_redirects=False,
                    # Of an answer without end only the beginning is read.
                    stream=True,
                )
            ) as response,
        ):
            answer = next(response.iter_content(_ANSWER), b"")
            return response.status_code, answer.decode(errors="replace")

    def _note(self, taken, code, answer):
        """Keep what became of a try, and when the next one is."""
        now = fields.Datetime.now()
        values = {
            "attempts": self.attempts + 1,
            "status_code": code,
            "answer": answer[:_ANSWER].replace("\x00", ""),
        }
        if taken:
            values |= {"state": "done", "delivered_at": now}
        elif self.attempts < len(_WAITS):
            values["next_try"] = now + _WAITS[self.attempts]
        else:
            values["state"] = "failed"
        self.write(values)

    @api.autovacuum
    def _gc_deliveries(self):
        old = fields.Datetime.now() - timedelta(days=_KEPT_DAYS)
        self.search(
            [("state", "!=", "pending"), ("create_date", "<", old)], limit=10000
        ).unlink()
