from datetime import timedelta

from odoo import models

from odoo.addons.iaas_contract.pricing import day_start

_DAY = timedelta(days=1)


class IaasStatementLine(models.Model):
    _inherit = "iaas.statement.line"

    def action_view_usage(self):
        """Open the events of the days and the meter that the line charges."""
        return self._view_usage("iaas_billing.iaas_usage_event_action") | {
            "domain": [
                *self._usage_domain(),
                ("time", ">=", self._get_instant(self.segment_start)),
                ("time", "<", self._get_instant(self.segment_end + _DAY)),
            ]
        }

    def action_view_daily_usage(self):
        """Open the daily sums of the days and the meter that the line charges."""
        return self._view_usage("iaas_billing.iaas_usage_daily_action") | {
            "domain": [
                *self._usage_domain(),
                ("day", ">=", self.segment_start),
                ("day", "<=", self.segment_end),
            ]
        }

    def _view_usage(self, action):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(action)
        return action | {"context": {}}

    def _usage_domain(self):
        return [
            ("resource_id", "=", self.resource_id.id),
            ("meter_id", "=", self.meter_id.id),
        ]

    def _get_instant(self, day):
        zone = self.statement_id.timezone
        return day_start(day, zone).replace(tzinfo=None)
