from odoo import api, fields, models
from odoo.exceptions import ValidationError


class IaasUsageAlias(models.Model):
    """What a source calls one of our meters or resources."""

    _name = "iaas.usage.alias"
    _description = "Usage Name Mapping"
    _order = "source_id, kind, name"
    _check_company_auto = True

    source_id = fields.Many2one(
        "iaas.usage.source", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        related="source_id.company_id", store=True, index=True, precompute=True
    )
    kind = fields.Selection(
        [("type", "Type of usage"), ("subject", "Resource")],
        required=True,
        default="type",
    )
    name = fields.Char(string="Name at the Source", required=True)
    meter_id = fields.Many2one("iaas.meter", index="btree_not_null", ondelete="cascade")
    resource_id = fields.Many2one(
        "iaas.resource",
        index="btree_not_null",
        ondelete="cascade",
        check_company=True,
    )

    _name_unique = models.Constraint(
        "UNIQUE (source_id, kind, name)", "The source has a mapping of this name."
    )

    @api.constrains("kind", "meter_id", "resource_id")
    def _check_target(self):
        for alias in self:
            if alias.kind == "type" and (not alias.meter_id or alias.resource_id):
                raise ValidationError(
                    self.env._("Choose the meter of %(name)s.", name=alias.name)
                )
            if alias.kind == "subject" and (not alias.resource_id or alias.meter_id):
                raise ValidationError(
                    self.env._("Choose the resource that %(name)s is.", name=alias.name)
                )

    @api.model
    def _map(self, source, kind, name, target):
        """Remember that ``name`` of the source is the meter or resource ``target``."""
        alias = self.search(
            [
                ("source_id", "=", source.id),
                ("kind", "=", kind),
                ("name", "=", name),
            ]
        )
        field = "meter_id" if kind == "type" else "resource_id"
        if alias:
            alias[field] = target
        else:
            alias = self.create(
                {
                    "source_id": source.id,
                    "kind": kind,
                    "name": name,
                    field: target.id,
                }
            )
        return alias
