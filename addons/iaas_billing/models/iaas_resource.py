from odoo import models


class IaasResource(models.Model):
    _inherit = "iaas.resource"

    def _filter_used(self):
        lines = (
            self.env["iaas.statement.line"]
            .sudo()
            ._read_group([("resource_id", "in", self.ids)], ["resource_id"])
        )
        return super()._filter_used() | self.filtered(
            lambda resource: (resource,) in lines
        )
