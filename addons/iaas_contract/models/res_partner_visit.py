from datetime import timedelta

from odoo import fields, models

VISIT_ACTIVITY = "iaas_contract.mail_activity_type_visit"

# So many resources stopped within so many days call for a visit.
STOPS = 3
STOP_DAYS = 30


class ResPartner(models.Model):
    """Orders tell when to visit a customer, and what to talk about (R51)."""

    _inherit = "res.partner"

    def _iaas_visit_change(self, before, change, cause):
        """Plan a visit when the monthly fees change by the share of the tier.

        :param before: monthly fees before the change
        :param change: the difference, less than zero for fees given up
        :param cause: what changed them, for the visitor
        """
        self.ensure_one()
        threshold = self.iaas_tier_id.visit_change_percent
        if not threshold or before <= 0:
            return
        percent = 100 * change / before
        if abs(percent) >= threshold:
            self._iaas_plan_visit(
                self.env._("Visit: large change of orders"),
                self.env._(
                    "%(cause)s changes the monthly fees by %(percent)s %%. Learn why, "
                    "and what comes next.",
                    cause=cause,
                    percent=f"{percent:+.0f}",
                ),
            )

    def _iaas_visit_stops(self):
        """Plan a visit when the customer gives up one resource after another."""
        self.ensure_one()
        today = fields.Date.context_today(self)
        since = today - timedelta(days=STOP_DAYS)
        stops = self.env["iaas.resource"].search_count(
            [("partner_id", "=", self.id), ("date_end", ">=", since)]
        )
        if stops >= STOPS:
            self._iaas_plan_visit(
                self.env._("Visit: several stops"),
                self.env._(
                    "%(count)s resources stopped within %(days)s days. Find out what "
                    "is wrong and what would keep the customer.",
                    count=stops,
                    days=STOP_DAYS,
                ),
                done_since=since,
            )

    def _iaas_plan_visit(self, purpose, note, done_since=None):
        """Ask the owner for a visit, unless one for the same purpose is planned (or
        was made since a day)."""
        self.ensure_one()
        kind = self.env.ref(VISIT_ACTIVITY)
        visits = self.env["mail.activity"].with_context(active_test=False)
        visits = visits.search(
            [
                ("res_model", "=", self._name),
                ("res_id", "=", self.id),
                ("activity_type_id", "=", kind.id),
                ("summary", "=", purpose),
            ]
        )
        if visits.filtered(
            lambda visit: (
                visit.active
                or (done_since and visit.date_done and visit.date_done >= done_since)
            )
        ):
            return
        owner = self.user_id or self.iaas_backup_user_id or self.env.user
        if owner.share:
            # Ordered in the portal by a customer whom nobody owns.
            contracts = self.env["iaas.contract"].search([("partner_id", "=", self.id)])
            owner = contracts[:1]._responsible()
        self.activity_schedule(
            VISIT_ACTIVITY,
            date_deadline=kind._get_date_deadline(),
            summary=purpose,
            note=note,
            user_id=owner.id,
        )
