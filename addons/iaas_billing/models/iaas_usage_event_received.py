from odoo import models


class IaasUsageEvent(models.Model):
    _inherit = "iaas.usage.event"

    def init(self):
        result = super().init()
        # What came in since the last look is found without reading whole months:
        # events are stored in the order in which they are received.
        self.env.cr.execute(
            """CREATE INDEX IF NOT EXISTS iaas_usage_event_received
                   ON iaas_usage_event USING brin (received_at)"""
        )
        return result
