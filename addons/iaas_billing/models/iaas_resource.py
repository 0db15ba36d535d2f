from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL


class IaasResource(models.Model):
    _inherit = "iaas.resource"

    @api.ondelete(at_uninstall=False)
    def _unlink_without_usage(self):
        for resource in self.browse(self._get_ids_with_usage()):
            raise UserError(
                self.env._(
                    "%(resource)s has usage and cannot be deleted. Stop it instead.",
                    resource=resource.display_name,
                )
            )

    def action_view_usage(self):
        """Open the usage events of the resource."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "iaas_billing.iaas_usage_event_action"
        )
        return action | {"domain": [("resource_id", "in", self.ids)]}

    def _change_obstacle(self, kind, day, product, quantity):
        """Days that were billed stay as they were."""
        obstacle = super()._change_obstacle(kind, day, product, quantity)
        contract = self.sudo().contract_id
        unbilled = contract.billed_until and contract._day_of(contract.billed_until)
        if obstacle or not unbilled or day >= unbilled:
            return obstacle
        return self.env._(
            "billed up to %(day)s: choose that day or a later one.",
            day=fields.Date.to_string(unbilled),
        )

    def _filter_used(self):
        lines = (
            self.env["iaas.statement.line"]
            .sudo()
            ._read_group([("resource_id", "in", self.ids)], ["resource_id"])
        )
        billed = self.browse(resource.id for (resource,) in lines)
        with_usage = self.browse(self._get_ids_with_usage())
        return super()._filter_used() | billed | with_usage

    def _get_ids_with_usage(self):
        rows = self.env.execute_query(
            SQL(
                """SELECT id FROM unnest(%s::int[]) AS resource (id)
                    WHERE EXISTS (SELECT FROM iaas_usage_event event
                                   WHERE event.resource_id = resource.id)""",
                self.ids,
            )
        )
        return [resource_id for (resource_id,) in rows]
