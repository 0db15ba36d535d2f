from datetime import timedelta

from odoo import models

from odoo.addons.iaas_contract.pricing import (
    EVENT_MODELS,
    day_start,
    parse_dimension_key,
)

from .iaas_meter import SUMMED

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

    def _is_rated_by_events(self):
        """Whether the line is rated from the events themselves, as the daily sums do
        not say enough."""
        self.ensure_one()
        meter = self.meter_id
        if not meter:
            return False
        told_apart = {
            name
            for price in self.product_id.iaas_price_ids
            for name in parse_dimension_key(price.dimension_key or "")
        }
        return (
            meter.aggregation not in SUMMED
            or self.price_id.charge_model in EVENT_MODELS
            or self.statement_id.timezone != self.contract_id.timezone
            or bool(told_apart - set((meter.daily_dimensions or "").split(",")))
        )

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
