from odoo import fields, models
from odoo.exceptions import ValidationError


class IaasResourceStop(models.TransientModel):
    _name = "iaas.resource.stop"
    _description = "Stop Cloud Resources"

    resource_ids = fields.Many2many("iaas.resource", required=True, readonly=True)
    date = fields.Date(
        string="Last Day of Use", required=True, default=fields.Date.context_today
    )

    def action_stop(self):
        """Stop the resources with the chosen day."""
        self.ensure_one()
        for resource in self.resource_ids:
            if self.date < resource.date_start:
                raise ValidationError(
                    self.env._(
                        "%(resource)s begins on %(day)s: it cannot stop before that.",
                        resource=resource.display_name,
                        day=fields.Date.to_string(resource.date_start),
                    )
                )
        self.resource_ids._stop(self.date)
        return {"type": "ir.actions.act_window_close"}
