import logging
from datetime import timedelta

import requests
from urllib3.exceptions import ReadTimeoutError

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

from ..metering import Entry, Refused

_logger = logging.getLogger(__name__)


class IaasUsageConnector(models.Model):
    """Fetches usage from a system that does not send it itself."""

    _name = "iaas.usage.connector"
    _description = "Usage Connector"
    _inherit = ["iaas.gated.mixin", "mail.thread", "mail.activity.mixin"]
    _order = "name, id"
    _check_company_auto = True

    name = fields.Char(required=True)
    active = fields.Boolean(default=True)
    source_id = fields.Many2one(
        "iaas.usage.source",
        required=True,
        index=True,
        ondelete="restrict",
        tracking=True,
        help="The source that its events are kept under.",
    )
    company_id = fields.Many2one(
        related="source_id.company_id", store=True, index=True, precompute=True
    )
    kind = fields.Selection(
        [
            ("cloudkitty", "OpenStack CloudKitty"),
            ("prometheus", "Prometheus"),
            ("json", "JSON endpoint"),
        ],
        string="System",
        required=True,
        default="prometheus",
    )
    start_date = fields.Datetime(
        string="Fetch From",
        required=True,
        help="The instant (UTC) with which the first fetch begins.",
    )
    window_hours = fields.Integer(
        string="Hours per Request",
        required=True,
        default=6,
        help="How much time one request asks for.",
    )
    lag_minutes = fields.Integer(
        string="Wait (Minutes)",
        required=True,
        default=60,
        help="How long after the end of an hour its usage is complete over there.",
    )
    fetched_until = fields.Datetime(
        readonly=True,
        copy=False,
        tracking=True,
        help="Everything before this instant (UTC) is fetched.",
    )
    cursor = fields.Json(
        readonly=True, copy=False, help="The page to go on with, within a window."
    )
    last_run_at = fields.Datetime(string="Last Run", readonly=True, copy=False)
    last_state = fields.Selection(
        [("ok", "OK"), ("failed", "Failed")],
        string="Last Outcome",
        readonly=True,
        copy=False,
        tracking=True,
    )
    last_error = fields.Text(readonly=True, copy=False)
    failure_count = fields.Integer(
        string="Failures in a Row", readonly=True, copy=False
    )
    received_count = fields.Integer(string="Fetched", readonly=True, copy=False)
    accepted_count = fields.Integer(string="Stored", readonly=True, copy=False)
    duplicate_count = fields.Integer(string="Known Already", readonly=True, copy=False)
    quarantined_count = fields.Integer(
        string="To Quarantine", readonly=True, copy=False
    )

    _window_positive = models.Constraint(
        "CHECK (window_hours > 0 AND lag_minutes >= 0)",
        "Ask for at least one hour, and wait no negative time.",
    )

    @api.model
    def _get_gated_fields(self):
        # The checkpoint decides what is fetched; moved by hand, usage would be missed.
        return super()._get_gated_fields() | {
            "company_id",
            "fetched_until",
            "cursor",
            "last_run_at",
            "last_state",
            "last_error",
            "failure_count",
            "received_count",
            "accepted_count",
            "duplicate_count",
            "quarantined_count",
        }

    def write(self, vals):
        fixed = {"source_id", "kind"} & vals.keys()
        for connector in self:
            if connector.received_count and any(
                connector._changes(name, vals[name]) for name in fixed
            ):
                raise UserError(
                    self.env._(
                        "%(connector)s has fetched usage, so its system and source "
                        "stay. Archive it and make a new one instead.",
                        connector=connector.name,
                    )
                )
        return super().write(vals)

    # === ACTIONS ===

    def action_fetch(self):
        """Fetch in the background, now."""
        self.check_access("write")
        # Triggering a scheduled action is the administrator's; this one is meant.
        self.env.ref("iaas_billing.ir_cron_usage_pull").sudo()._trigger()
        return self._notify(
            "info", self.env._("The usage is being fetched in the background.")
        )

    def action_test(self):
        """Fetch the next page and say what it holds, without storing anything."""
        self.ensure_one()
        self.check_access("write")
        window = self._next_window() or (
            self.start_date,
            self.start_date + timedelta(hours=1),
        )
        try:
            events, _cursor = self._fetch_page(*window, self.cursor, dry=True)
        except (Refused, requests.RequestException, UserError) as error:
            raise UserError(self._describe(error)) from error
        first = events[0] if events else {}
        return self._notify(
            "success",
            self.env._(
                "%(count)s event(s) from %(start)s to %(end)s UTC. The first: type "
                "%(type)s, resource %(subject)s, time %(time)s, %(data)s",
                count=len(events),
                start=window[0],
                end=window[1],
                type=first.get("type", "-"),
                subject=first.get("subject", "-"),
                time=first.get("time", "-"),
                data=", ".join(f"{k}: {v}" for k, v in first.get("data", {}).items()),
            ),
        )

    def action_restart(self):
        """Fetch everything since the start once more; what is known stays as it is."""
        for connector in self:
            connector.check_access("write")
            # The checkpoint is moved by this action only.
            connector.sudo()._restart()

    def _restart(self):
        return self.write({"fetched_until": False, "cursor": False})

    def action_view_usage(self):
        """Open the usage events of the source."""
        return self.source_id.action_view_usage()

    def action_view_quarantine(self):
        """Open what waits of the source."""
        return self.source_id.action_view_quarantine()

    def _notify(self, kind, message):
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {"type": kind, "message": message, "sticky": kind == "success"},
        }

    # === FETCHING ===

    @api.model
    def _cron_pull(self):
        """Fetch what each connector has not fetched yet, committed page by page."""
        cron = self.env["ir.cron"]
        connectors = self.search([])
        cron._commit_progress(remaining=len(connectors))
        for connector in connectors:
            try:
                while connector._pull_page():
                    if not cron._commit_progress():
                        return
                    self.env.invalidate_all()
                connector._note_success()
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
                # Others send for the source now; the next round goes on here.
                self.env.cr.rollback()
            except Exception as error:  # noqa: BLE001 the other connectors must go on
                self.env.cr.rollback()
                connector._note_failure(error)
            if not cron._commit_progress(1):
                return
            self.env.invalidate_all()

    def _pull_page(self):
        """Fetch and take in the next page; the checkpoint moves with it.

        :return: whether there may be another one
        """
        window = self._next_window()
        if not window or not self.try_lock_for_update():
            return False
        events, cursor = self._fetch_page(*window, self.cursor)
        entries = [Entry(index, "", event) for index, event in enumerate(events)]
        taken = self.env["iaas.usage.event"]._take_in(
            lambda: entries, self.source_id, keep_refused=True
        )
        self.write(
            {
                "cursor": cursor and {**cursor, "until": str(window[1])},
                "fetched_until": self.fetched_until if cursor else window[1],
                "received_count": self.received_count + taken.received,
                "accepted_count": self.accepted_count + taken.accepted,
                "duplicate_count": self.duplicate_count + taken.duplicates,
                "quarantined_count": self.quarantined_count
                + taken.quarantined
                + len(taken.refused),
            }
        )
        return True

    def _next_window(self):
        """The [start, end) to fetch next, of whole hours; None when there is none."""
        start = self.fetched_until or self.start_date
        if self.cursor:
            # Pages belong to the window that they were asked for.
            return start, fields.Datetime.to_datetime(self.cursor["until"])
        last = fields.Datetime.now() - timedelta(minutes=self.lag_minutes)
        last = last.replace(minute=0, second=0, microsecond=0)
        end = min(start + timedelta(hours=self._get_window_hours()), last)
        return (start, end) if end > start else None

    def _get_window_hours(self):
        return self.window_hours

    def _fetch_page(self, start, end, cursor, dry=False):
        """A page of the window.

        :param cursor: what the page before returned, None for the first
        :param dry: only look; nothing may be remembered
        :return: (events, cursor of the next page or None)
        """
        fetch = getattr(self, f"_fetch_{self.kind}")
        return fetch(start, end, cursor or None, dry)

    def _note_success(self):
        self.write(
            {
                "last_run_at": fields.Datetime.now(),
                "last_state": "ok",
                "last_error": False,
                "failure_count": 0,
            }
        )
        self.activity_unlink(["iaas_billing.mail_activity_type_connector"])

    def _note_failure(self, error):
        message = self._describe(error)
        self.write(
            {
                "last_run_at": fields.Datetime.now(),
                "last_state": "failed",
                "last_error": message,
                "failure_count": self.failure_count + 1,
            }
        )
        owner = self.env["iaas.usage.quarantine"]._get_owner(
            self.source_id, self.company_id
        )
        if owner and not self.activity_ids:
            self.activity_schedule(
                "iaas_billing.mail_activity_type_connector",
                user_id=owner.id,
                note=message,
            )

    def _describe(self, error):
        """What went wrong, in words that name no secret."""
        if isinstance(error, Refused):
            return error.detail
        if isinstance(error, UserError | ValidationError):
            return str(error)
        if isinstance(error, requests.RequestException):
            return self._describe_silence(error)
        _logger.error("Usage connector %s failed", self.name, exc_info=error)
        return self.env._(
            "Unexpected error, see the server's log: %(error)s", error=repr(error)
        )

    def _describe_silence(self, error):
        """Why no answer came, without the names of what is inside ``requests``."""
        values = {"url": self.url, "seconds": self.timeout_seconds}
        if isinstance(error, requests.exceptions.SSLError):
            return self.env._(
                "%(url)s shows no certificate that this server trusts. Its operator "
                "has to renew it, or the server's administrator to trust it.",
                **values,
            )
        reason = getattr(error.args[0], "reason", None) if error.args else None
        timeouts = (requests.exceptions.Timeout, ReadTimeoutError)
        if isinstance(error, timeouts) or isinstance(reason, timeouts):
            return self.env._(
                "%(url)s has not answered within %(seconds)s seconds. See that it "
                "runs and is reached from here, or ask for fewer hours per request.",
                **values,
            )
        if isinstance(error, requests.exceptions.ConnectionError):
            return self.env._(
                "%(url)s takes no connection (%(error)s). See that it runs, that the "
                "address and its port are right, and that no firewall is between.",
                error=self._find_cause(error),
                **values,
            )
        return self.env._("No answer from %(url)s: %(error)s", error=error, **values)

    @api.model
    def _find_cause(self, error):
        """What the network said, at the bottom of a chain of errors."""
        seen = set()
        while error is not None and id(error) not in seen:
            seen.add(id(error))
            if isinstance(error, OSError) and error.strerror:
                return error.strerror
            reason = getattr(error, "reason", None)
            first = error.args[0] if error.args else None
            below = (reason, first, error.__cause__, error.__context__)
            error = next((one for one in below if isinstance(one, Exception)), None)
        return self.env._("it was broken off")
