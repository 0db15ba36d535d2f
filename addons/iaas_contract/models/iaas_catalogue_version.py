from odoo import api, fields, models
from odoo.exceptions import UserError


class IaasCatalogueVersion(models.Model):
    _name = "iaas.catalogue.version"
    _description = "Service Catalogue Version"
    _order = "catalogue_id, date_start desc nulls last, id desc"
    _rec_name = "number"
    _check_company_auto = True

    catalogue_id = fields.Many2one(
        "iaas.catalogue", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        related="catalogue_id.company_id", store=True, index=True, precompute=True
    )
    number = fields.Integer(
        string="Version", readonly=True, copy=False, aggregator=False
    )
    date_start = fields.Date(
        string="In Force From",
        help="First day. Empty: since ever. It holds until the next version begins.",
    )
    product_ids = fields.Many2many(
        "product.product",
        "iaas_catalogue_version_product_rel",
        "version_id",
        "product_id",
        string="Services",
        check_company=True,
        domain="[('is_iaas', '=', True)]",
        copy=True,
    )
    product_count = fields.Integer(
        string="Number of Services", compute="_compute_changes"
    )
    note = fields.Char(string="Reason", help="Why the catalogue changes.")
    added_product_ids = fields.Many2many(
        "product.product", string="Added", compute="_compute_changes"
    )
    removed_product_ids = fields.Many2many(
        "product.product", string="Taken Out", compute="_compute_changes"
    )
    is_locked = fields.Boolean(compute="_compute_is_locked")

    _date_unique = models.UniqueIndex(
        "(catalogue_id, COALESCE(date_start, '-infinity'::date))",
        "Two versions of a catalogue cannot begin on the same day.",
    )

    # === COMPUTE ===

    @api.depends("number", "date_start", "catalogue_id.name")
    def _compute_display_name(self):
        for version in self:
            version.display_name = self.env._(
                "%(catalogue)s, version %(number)s",
                catalogue=version.catalogue_id.name or "",
                number=version.number,
            )

    @api.depends(
        "product_ids",
        "date_start",
        "catalogue_id.version_ids.product_ids",
        "catalogue_id.version_ids.date_start",
    )
    def _compute_changes(self):
        """What was added and taken out since the version before."""
        for version in self:
            products = version.product_ids._origin
            before = version._get_previous().product_ids
            version.product_count = len(products)
            version.added_product_ids = products - before
            version.removed_product_ids = before - products

    @api.depends("date_start", "catalogue_id.contract_count")
    @api.depends_context("tz")
    def _compute_is_locked(self):
        """What contracts could order by stays as it was."""
        today = fields.Date.context_today(self)
        for version in self:
            stored = version._origin
            version.is_locked = bool(
                stored
                and version.catalogue_id.contract_count
                and (not stored.date_start or stored.date_start < today)
            )

    # === CRUD ===

    @api.model_create_multi
    def create(self, vals_list):
        versions = super().create(vals_list)
        for version in versions:
            others = version.catalogue_id.version_ids - version
            version.number = max(others.mapped("number"), default=0) + 1
        if not self.env.su:
            versions._check_not_locked()
        return versions

    def write(self, vals):
        if vals.keys() & {"product_ids", "date_start", "catalogue_id"}:
            self._check_not_locked()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_if_not_locked(self):
        self._check_not_locked()

    def _check_not_locked(self):
        for version in self:
            if version.is_locked:
                raise UserError(
                    self.env._(
                        "%(version)s is in force and contracts use it. Make a new "
                        "version from a later day.",
                        version=version.display_name,
                    )
                )

    # === BUSINESS ===

    def _get_previous(self):
        """The version that this one follows."""
        self.ensure_one()
        others = self.catalogue_id.version_ids._origin - self._origin
        if not self.date_start:
            return self.browse()
        earlier = others.filtered(
            lambda other: not other.date_start or other.date_start < self.date_start
        )
        return earlier._latest()

    def _latest(self):
        """The version among these that begins last."""
        dated = self.filtered("date_start")
        return dated.sorted("date_start")[-1:] or self[:1]
