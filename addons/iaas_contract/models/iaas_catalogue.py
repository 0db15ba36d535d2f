from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.fields import Command


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
    version_ids = fields.One2many(
        "iaas.catalogue.version", "catalogue_id", string="Versions", copy=True
    )
    product_ids = fields.Many2many(
        "product.product",
        string="Services",
        compute="_compute_product_ids",
        inverse="_inverse_product_ids",
        search="_search_product_ids",
        domain="[('is_iaas', '=', True)]",
        help="What may be ordered today. Changing it makes a version from today on.",
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

    # === COMPUTE ===

    @api.depends("version_ids.date_start", "version_ids.product_ids")
    @api.depends_context("tz")
    def _compute_product_ids(self):
        today = fields.Date.context_today(self)
        for catalogue in self:
            catalogue.product_ids = catalogue._get_version(today).product_ids

    def _inverse_product_ids(self):
        """Change today's version, or follow it by one that begins today."""
        today = fields.Date.context_today(self)
        for catalogue in self:
            products = catalogue.product_ids
            version = catalogue._get_version(today)
            commands = [Command.set(products.ids)]
            if version and not version.is_locked:
                version.product_ids = commands
            elif products != version.product_ids or not version:
                version.create(
                    {
                        "catalogue_id": catalogue.id,
                        "date_start": today if version else False,
                        "product_ids": commands,
                    }
                )

    @api.model
    def _search_product_ids(self, operator, value):
        if operator in ("not in", "not any", "not ilike", "not like"):
            return NotImplemented
        today = fields.Date.context_today(self)
        found = self.env["iaas.catalogue.version"].search(
            [("product_ids", operator, value)]
        )
        catalogues = found.catalogue_id.filtered(
            lambda catalogue: catalogue._get_version(today) in found
        )
        return [("id", "in", catalogues.ids)]

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

    # === ACTIONS ===

    def action_view_contracts(self):
        """The contracts whose orders choose from this catalogue."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "iaas_contract.iaas_contract_action"
        )
        action["domain"] = [("catalogue_id", "=", self.id)]
        action["context"] = {"default_catalogue_id": self.id}
        return action

    def action_new_version(self):
        """Open the version that begins with the next month, made of the last one."""
        self.ensure_one()
        latest = self.version_ids._latest()
        today = fields.Date.context_today(self)
        start = max(latest.date_start or today, today) + relativedelta(months=1, day=1)
        version = latest.create(
            {
                "catalogue_id": self.id,
                "date_start": start,
                "product_ids": [Command.set(latest.product_ids.ids)],
            }
        )
        return {
            "type": "ir.actions.act_window",
            "res_model": version._name,
            "res_id": version.id,
            "views": [(False, "form")],
        }

    # === BUSINESS ===

    def _get_version(self, day):
        """The version in force on a civil day; empty before the first one."""
        self.ensure_one()
        versions = self.version_ids
        begun = versions.filtered(
            lambda version: not version.date_start or version.date_start <= day
        )
        # What is filtered forgets with which others it is read.
        return begun._latest().with_prefetch(versions._prefetch_ids)
