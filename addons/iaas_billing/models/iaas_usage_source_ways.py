from odoo import fields, models


class IaasUsageSource(models.Model):
    """The ways in of a source, and what came or waits on each."""

    _inherit = "iaas.usage.source"

    user_id = fields.Many2one(
        "res.users",
        string="Responsible",
        domain="[('share', '=', False), ('company_ids', 'in', company_id)]",
        help="Who clears what of its usage is unknown or went wrong. Empty: a billing "
        "manager.",
    )
    mapping_ids = fields.One2many(
        "iaas.usage.mapping", "source_id", string="Columns of Files", copy=True
    )
    alias_ids = fields.One2many(
        "iaas.usage.alias", "source_id", string="Mapped Names", copy=False
    )
    events_url = fields.Char(
        string="Address",
        compute="_compute_events_url",
        help="Where programs send its events by POST, with an API key of a sender.",
    )
    # Counted for everyone who sees the source; the lists behind have their own rights.
    import_count = fields.Integer(compute="_compute_way_counts", compute_sudo=True)
    connector_count = fields.Integer(compute="_compute_way_counts", compute_sudo=True)
    quarantine_count = fields.Integer(
        string="In Quarantine",
        compute="_compute_way_counts",
        compute_sudo=True,
        help="Names of this source that nobody here knows yet, and its silent meters.",
    )

    def _compute_events_url(self):
        for source in self:
            source.events_url = f"{source.get_base_url()}/iaas/api/v1/events"

    def _compute_way_counts(self):
        for name, model, domain in (
            ("import_count", "iaas.usage.import", []),
            ("connector_count", "iaas.usage.connector", []),
            ("quarantine_count", "iaas.usage.quarantine", [("state", "=", "open")]),
        ):
            groups = self.env[model]._read_group(
                [("source_id", "in", self.ids), *domain], ["source_id"], ["__count"]
            )
            counts = dict(groups)
            for source in self:
                source[name] = counts.get(source, 0)

    def action_view_imports(self):
        """Open the files of the source."""
        return self._view_way("iaas_billing.iaas_usage_import_action")

    def action_view_connectors(self):
        """Open the connectors that fetch for the source."""
        return self._view_way("iaas_billing.iaas_usage_connector_action")

    def action_view_quarantine(self):
        """Open what of the source waits in quarantine."""
        action = self._view_way("iaas_billing.iaas_usage_quarantine_action")
        return action | {"context": {"search_default_open": 1}}

    def _view_way(self, action):
        action = self.env["ir.actions.act_window"]._for_xml_id(action)
        return action | {
            "domain": [("source_id", "in", self.ids)],
            "context": {"default_source_id": self.id if len(self) == 1 else False},
        }
