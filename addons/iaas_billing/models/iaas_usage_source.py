from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL


class IaasUsageSource(models.Model):
    """A system that sends usage: a collector, a platform, a file from a partner."""

    _name = "iaas.usage.source"
    _description = "Usage Source"
    _inherit = ["iaas.gated.mixin"]
    _order = "name, id"
    _rec_names_search = ["name", "code"]
    _check_company_auto = True

    name = fields.Char(required=True)
    code = fields.Char(
        required=True,
        copy=False,
        help="What its events give as their source (CloudEvents source).",
    )
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
    )
    user_ids = fields.Many2many(
        "res.users",
        string="Senders",
        domain="[('share', '=', False), ('company_ids', 'in', company_id)]",
        help="Whose API keys may send events of this source, besides those of billing "
        "managers. Empty: any user with the role Collector.",
    )
    last_received_at = fields.Datetime(
        string="Last Received",
        readonly=True,
        copy=False,
        help="When it last sent events, new or repeated.",
    )

    _code_unique = models.Constraint(
        "UNIQUE (company_id, code)", "Another source of this company has this code."
    )

    @api.model
    def _get_gated_fields(self):
        # By it is known whether the source has sent anything.
        return super()._get_gated_fields() | {"last_received_at"}

    @api.model_create_multi
    def create(self, vals_list):
        return super().create(
            [{"name": vals.get("code"), **vals} for vals in vals_list]
        )

    def write(self, vals):
        # An event is known by its source and id: under another code or company the
        # same events would be taken a second time.
        fixed = {"code", "company_id"} & vals.keys()
        changed = self.filtered(
            lambda source: any(
                source._fields[name].convert_to_write(source[name], source)
                != vals[name]
                for name in fixed
            )
        )
        if used := changed._filter_used():
            raise UserError(
                self.env._(
                    "These sources have sent usage, so their code and company stay: "
                    "%(sources)s. Archive them and make new ones instead.",
                    sources=", ".join(used.mapped("name")),
                )
            )
        return super().write(vals)

    def copy_data(self, default=None):
        given = default or {}
        return [
            {"code": self.env._("%(code)s-copy", code=source.code), **vals, **given}
            for source, vals in zip(self, super().copy_data(default), strict=True)
        ]

    @api.ondelete(at_uninstall=False)
    def _unlink_without_usage(self):
        if used := self._filter_used():
            raise UserError(
                self.env._(
                    "These sources have sent usage and cannot be deleted, archive them "
                    "instead: %(sources)s",
                    sources=", ".join(used.mapped("name")),
                )
            )

    def _filter_used(self):
        """The sources that have sent usage; where months were archived, all that have
        sent anything."""
        self.flush_recordset(["last_received_at"])
        rows = self.env.execute_query(
            SQL(
                """SELECT id FROM iaas_usage_source source
                    WHERE id = ANY(%s) AND last_received_at IS NOT NULL
                      AND (EXISTS (SELECT FROM iaas_usage_archive)
                           OR EXISTS (SELECT FROM iaas_usage_event event
                                       WHERE event.source_id = source.id))""",
                self.ids,
            )
        )
        return self.browse(source_id for (source_id,) in rows)

    def action_view_usage(self):
        """Open the usage events of the source."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "iaas_billing.iaas_usage_event_action"
        )
        return action | {"domain": [("source_id", "in", self.ids)]}

    def _is_sender(self, user):
        """Whether the user's API key may send events of this source."""
        if user.has_group("iaas_billing.group_iaas_billing_manager"):
            return True
        if self.user_ids:
            return user in self.user_ids
        return user.has_group("iaas_billing.group_iaas_usage_collector")

    def _serialise(self):
        """Let only one transaction at a time take in events of these sources.

        Writing the row, rather than an advisory lock, because transactions read from
        a snapshot: a sender that waited would not see what the other one stored. The
        write makes PostgreSQL refuse the stale snapshot (serialisation failure) and
        Odoo repeats the request with a fresh one.
        """
        self.env.cr.execute(
            SQL(
                """UPDATE iaas_usage_source SET last_received_at = %s
                    WHERE id IN (SELECT id FROM iaas_usage_source
                                  WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE)""",
                fields.Datetime.now(),
                self.ids,
            ),
            log_exceptions=False,
        )
        self.invalidate_recordset(["last_received_at"])
