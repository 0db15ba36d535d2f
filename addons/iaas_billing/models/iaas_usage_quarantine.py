from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from ..metering import REASONS
from .iaas_usage_intake import UNKNOWN

# Reasons that nothing refused: a daily search finds them and closes them again.
SEARCHED = ("silent", "outside_contract")


class IaasUsageQuarantine(models.Model):
    """Usage that is not billed as things are: of something nobody here knows, of
    something no contract covers, or no longer reported. It says whose task that is,
    and what waits for it."""

    _name = "iaas.usage.quarantine"
    _description = "Usage in Quarantine"
    _inherit = ["iaas.gated.mixin", "mail.thread", "mail.activity.mixin"]
    _order = "state desc, last_seen desc, id desc"
    _check_company_auto = True
    # Its owner may be of operations or sales, who only read it, yet answer here.
    _mail_post_access = "read"

    reason = fields.Selection(
        selection="_selection_reason", required=True, readonly=True, index=True
    )
    name = fields.Char(
        string="Name at the Source",
        required=True,
        readonly=True,
        help="The type or the resource as the source calls it.",
    )
    source_id = fields.Many2one(
        "iaas.usage.source", readonly=True, index=True, ondelete="restrict"
    )
    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, index=True
    )
    meter_id = fields.Many2one(
        "iaas.meter",
        ondelete="restrict",
        tracking=True,
        help="The meter that this type of usage belongs to. Kept as a mapping of the "
        "source when you replay.",
    )
    resource_id = fields.Many2one(
        "iaas.resource",
        index="btree_not_null",
        ondelete="cascade",
        check_company=True,
        tracking=True,
        help="The resource that the source means. Kept as a mapping of the source "
        "when you replay.",
    )
    contract_id = fields.Many2one(related="resource_id.contract_id")
    partner_id = fields.Many2one(related="resource_id.partner_id", string="Customer")
    first_seen = fields.Datetime(required=True, readonly=True)
    last_seen = fields.Datetime(required=True, readonly=True)
    user_id = fields.Many2one(
        "res.users",
        string="Owner",
        tracking=True,
        index=True,
        domain="[('share', '=', False)]",
    )
    state = fields.Selection(
        [("open", "Open"), ("done", "Solved"), ("dismissed", "Dismissed")],
        string="Status",
        required=True,
        readonly=True,
        default="open",
        tracking=True,
        index=True,
    )
    note = fields.Text(
        string="Remark", help="Why it was dismissed, or what was found out."
    )
    detail = fields.Text(readonly=True, help="What was said when it was last refused.")
    event_ids = fields.One2many(
        "iaas.usage.quarantine.event", "quarantine_id", readonly=True
    )
    waiting_count = fields.Integer(string="Waiting", compute="_compute_counts")
    stored_count = fields.Integer(
        string="Replayed",
        compute="_compute_counts",
        help="Events that were taken in after all.",
    )
    dismissed_count = fields.Integer(string="Dismissed", compute="_compute_counts")
    is_replaying = fields.Boolean(
        readonly=True, help="The rest is replayed in the background."
    )
    replayed_until = fields.Integer(readonly=True)

    _unknown_unique = models.UniqueIndex(
        "(source_id, reason, name) WHERE reason NOT IN ('silent', 'outside_contract')",
        "The source has this name in quarantine already.",
    )
    _silent_unique = models.UniqueIndex(
        "(resource_id, meter_id) WHERE reason = 'silent' AND state = 'open'",
        "The silence of this resource is known already.",
    )
    _outside_contract_unique = models.UniqueIndex(
        "(resource_id) WHERE reason = 'outside_contract' AND state = 'open'",
        "That this resource is used outside its contract is known already.",
    )

    @api.model
    def _selection_reason(self):
        labels = dict(self.env["iaas.usage.reject"]._fields["reason"].selection)
        labels["silent"] = self.env._("Silent")
        labels["outside_contract"] = self.env._("Outside Contract")
        return [(code, labels.get(code, code)) for code in (*REASONS, *SEARCHED)]

    @api.depends("event_ids.state")
    def _compute_counts(self):
        groups = self.env["iaas.usage.quarantine.event"]._read_group(
            [("quarantine_id", "in", self.ids)],
            ["quarantine_id", "state"],
            ["__count"],
        )
        counts = {(group.id, state): count for group, state, count in groups}
        for group in self:
            group.waiting_count = counts.get((group.id, "waiting"), 0)
            group.stored_count = counts.get((group.id, "stored"), 0)
            group.dismissed_count = counts.get((group.id, "dismissed"), 0)

    @api.model
    def _get_gated_fields(self):
        # What was found is a fact; only replaying or dismissing closes it.
        return super()._get_gated_fields() | {
            "reason",
            "name",
            "source_id",
            "company_id",
            "first_seen",
            "last_seen",
            "state",
            "detail",
            "is_replaying",
            "replayed_until",
        }

    def write(self, vals):
        for group in self:
            if {"meter_id", "resource_id"} & vals.keys() and not self.env.su:
                group._check_mappable(vals)
        moved = self.browse()
        if "user_id" in vals:
            moved = self.filtered(lambda group: group.user_id.id != vals["user_id"])
        result = super().write(vals)
        if moved and vals["user_id"]:
            moved.sudo().activity_ids.user_id = vals["user_id"]
        return result

    def _check_mappable(self, vals):
        if self.reason in SEARCHED or self.state != "open":
            raise UserError(
                self.env._(
                    "%(name)s waits for no mapping: meter and resource stay as they "
                    "are.",
                    name=self.name,
                )
            )
        other = "resource_id" if self.reason == "unknown_meter" else "meter_id"
        if self.reason not in UNKNOWN or vals.get(other):
            raise UserError(
                self.env._(
                    "Map an unknown type to a meter and an unknown resource to a "
                    "resource; nothing else can be mapped."
                )
            )

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(
            self.env._("What came into quarantine is kept. Dismiss it instead.")
        )

    # === ACTIONS ===

    def action_replay(self):
        """Take in what waits, after its mapping; each event at most once."""
        self.check_access("write")
        groups = self.filtered(lambda group: group.state == "open")
        searched = groups.filtered(lambda group: group.reason in SEARCHED)
        groups -= searched
        if searched and not groups:
            raise UserError(
                self.env._(
                    "There is nothing to replay: a silence ends by itself when usage "
                    "comes in, use outside a contract when a contract covers it. "
                    "Dismiss what is meant to be so."
                )
            )
        # Users may map what waits, but mappings and events are written by the system.
        return groups.sudo()._start_replay()

    def action_ask_dismiss(self):
        """Ask why the chosen ones are not billed, then dismiss them."""
        self.check_access("write")
        groups = self.filtered(lambda group: group.state == "open")
        if not groups:
            raise UserError(self.env._("What you have chosen is closed already."))
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Dismiss"),
            "res_model": "iaas.usage.dismissal",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_quarantine_ids": groups.ids,
                "default_note": groups[:1].note if len(groups) == 1 else False,
            },
        }

    def action_dismiss(self):
        """Close it without taking anything in. What waited is kept, and shown."""
        self.check_access("write")
        for group in self:
            if group.state == "open" and not group.note:
                raise UserError(
                    self.env._(
                        "Write into the remark why %(name)s is not billed, then "
                        "dismiss it.",
                        name=group.name,
                    )
                )
        groups = self.filtered(lambda group: group.state == "open").sudo()
        groups.event_ids.filtered(
            lambda event: event.state == "waiting"
        ).state = "dismissed"
        groups._close("dismissed")

    def action_reopen(self):
        """Let what was dismissed wait again."""
        self.check_access("write")
        groups = self.filtered(lambda group: group.state == "dismissed").sudo()
        if set(SEARCHED) & set(groups.mapped("reason")):
            raise UserError(
                self.env._(
                    "Silence and use outside a contract are searched for each day; "
                    "they cannot be reopened."
                )
            )
        groups.event_ids.filtered(
            lambda event: event.state == "dismissed"
        ).state = "waiting"
        groups.state = "open"
        groups._remind()

    def action_view_events(self):
        """Open the events in quarantine."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "iaas_billing.iaas_usage_quarantine_event_action"
        )
        return action | {"domain": [("quarantine_id", "in", self.ids)]}

    # === OWNER ===

    @api.model
    def _get_owner(self, source, company):
        return (source and source.user_id) or self.env[
            "iaas.billing.run"
        ]._default_responsible(company)

    def _close(self, state):
        if not self.env.su:
            raise AccessError(self.env._("Only replaying or dismissing closes this."))
        self.write({"state": state, "is_replaying": False, "replayed_until": 0})
        self.activity_ids.unlink()
        # The reminder stood on one of those alike; the next one takes it.
        sources = [group.source_id.id for group in self]
        others = self.search([("source_id", "in", sources), ("state", "=", "open")])
        others._remind()

    def _remind(self):
        """One activity per owner, source and reason, not one per name."""
        for (user, _source, _reason), groups in self.grouped(
            lambda group: (group.user_id, group.source_id, group.reason)
        ).items():
            alike = self.search(
                [
                    ("user_id", "=", user.id),
                    ("source_id", "=", groups[:1].source_id.id),
                    ("reason", "=", groups[:1].reason),
                    ("state", "=", "open"),
                ]
            )
            if user and alike and not alike.activity_ids:
                alike[:1].activity_schedule(
                    "iaas_billing.mail_activity_type_quarantine",
                    user_id=user.id,
                    note=self.env._(
                        "%(count)s name(s) of %(sender)s: see Usage in Quarantine.",
                        count=len(alike),
                        sender=groups[:1].source_id.name or self.env._("all sources"),
                    ),
                )
