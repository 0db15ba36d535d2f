from odoo import api, fields, models


class IaasCatalogue(models.Model):
    _name = "iaas.catalogue"
    _description = "Service Catalogue"
    _order = "name, id"
    _check_company_auto = True

    name = fields.Char(required=True)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
    )
    product_ids = fields.Many2many(
        "product.product",
        "iaas_catalogue_product_rel",
        "catalogue_id",
        "product_id",
        string="Services",
        check_company=True,
        domain="[('is_iaas', '=', True)]",
        copy=True,
    )
    product_count = fields.Integer(
        string="Number of Services", compute="_compute_product_count"
    )
    contract_ids = fields.One2many("iaas.contract", "catalogue_id", string="Contracts")
    contract_count = fields.Integer(
        string="Number of Contracts", compute="_compute_contract_count"
    )

    _name_company_unique = models.Constraint(
        "UNIQUE (name, company_id)",
        "A catalogue of this name exists already.",
    )

    def copy_data(self, default=None):
        values_list = super().copy_data(default)
        for catalogue, values in zip(self, values_list, strict=True):
            if "name" not in (default or {}):
                values["name"] = self.env._("%s (copy)", catalogue.name)
        return values_list

    @api.depends("product_ids")
    def _compute_product_count(self):
        for catalogue in self:
            catalogue.product_count = len(catalogue.product_ids)

    @api.depends("contract_ids")
    def _compute_contract_count(self):
        counts = dict(
            self.env["iaas.contract"]._read_group(
                [("catalogue_id", "in", self.ids)], ["catalogue_id"], ["__count"]
            )
        )
        for catalogue in self:
            catalogue.contract_count = counts.get(catalogue._origin, 0)

    def action_view_contracts(self):
        """The contracts whose orders choose from this catalogue."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "iaas_contract.iaas_contract_action"
        )
        action["domain"] = [("catalogue_id", "=", self.id)]
        action["context"] = {"default_catalogue_id": self.id}
        return action
