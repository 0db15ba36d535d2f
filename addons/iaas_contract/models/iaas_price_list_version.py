from datetime import timedelta

from odoo import Command, api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain

APPROVER_GROUPS = (
    "sales_team.group_sale_manager",
    "iaas_customer.group_iaas_ops_manager",
)


class IaasPriceListVersion(models.Model):
    _name = "iaas.price.list.version"
    _description = "Price List Version"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "date_start desc, id desc"
    _check_company_auto = True

    name = fields.Char(
        string="Number",
        required=True,
        readonly=True,
        copy=False,
        default=lambda self: self.env._("New"),
    )
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
    )
    currency_id = fields.Many2one(
        "res.currency",
        required=True,
        default=lambda self: self.env.company.currency_id,
    )
    date_start = fields.Date(
        string="In Force From",
        required=True,
        copy=False,
        tracking=True,
        help="First day of the new prices. The prices they replace end the day before.",
    )
    reason = fields.Text(
        required=True, tracking=True, help="Why prices change, for who approves."
    )
    author_id = fields.Many2one(
        "res.users",
        required=True,
        readonly=True,
        copy=False,
        default=lambda self: self.env.user,
    )
    writer_ids = fields.Many2many(
        "res.users",
        "iaas_price_list_version_writer_rel",
        readonly=True,
        copy=False,
        help="Who wrote its prices. They do not approve it.",
    )
    approver_id = fields.Many2one(
        "res.users",
        copy=False,
        tracking=True,
        domain="[('share', '=', False), ('id', '!=', author_id)]",
        help="Who is asked; once decided, who approved.",
    )
    approval_date = fields.Datetime(string="Approved On", readonly=True, copy=False)
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("to_approve", "To Approve"),
            ("approved", "Approved"),
            ("cancelled", "Cancelled"),
        ],
        string="Status",
        required=True,
        readonly=True,
        default="draft",
        copy=False,
        tracking=True,
        index=True,
    )
    price_ids = fields.One2many(
        "iaas.price",
        "version_id",
        string="New and Changed Prices",
        context={"active_test": False},
    )
    ended_price_ids = fields.Many2many(
        "iaas.price",
        "iaas_price_list_version_ended_rel",
        "version_id",
        "price_id",
        string="Prices That End",
        copy=False,
        check_company=True,
        domain="[('contract_id', '=', False), ('currency_id', '=', currency_id)]",
        help="List prices that end the day before and get no successor: the services "
        "can then no longer be ordered or billed.",
    )
    price_count = fields.Integer(string="Changes", compute="_compute_price_count")
    may_approve = fields.Boolean(compute="_compute_may_approve")

    @api.depends("price_ids", "ended_price_ids")
    def _compute_price_count(self):
        for version in self:
            version.price_count = len(version.price_ids) + len(version.ended_price_ids)

    @api.depends("state", "author_id")
    @api.depends_context("uid")
    def _compute_may_approve(self):
        for version in self:
            version.may_approve = (
                version.state == "to_approve" and not version._approval_obstacle()
            )

    # === CRUD ===

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            if vals.get("name", self.env._("New")) == self.env._("New"):
                company = self.env["res.company"].browse(vals.get("company_id"))
                vals["name"] = (
                    self.env["ir.sequence"]
                    .with_company(company or self.env.company)
                    .next_by_code("iaas.price.list.version")
                )
            if not self.env.su:
                vals |= {"state": "draft", "author_id": self.env.uid}
                vals.pop("writer_ids", None)
        return super().create(vals_list)

    def write(self, vals):
        if not self.env.su:
            if vals.keys() & {
                "state",
                "author_id",
                "writer_ids",
                "approval_date",
                "name",
            }:
                raise AccessError(
                    self.env._(
                        "A price list version goes on by its buttons: submit, approve, "
                        "send back or cancel it."
                    )
                )
            if vals.keys() & {
                "date_start",
                "reason",
                "company_id",
                "currency_id",
                "approver_id",
                "price_ids",
                "ended_price_ids",
            }:
                self._check_draft()
                self._note_writer()
        if vals.keys() & {"company_id", "currency_id"} and self.price_ids:
            raise UserError(
                self.env._(
                    "The prices of a version are in its currency: remove them before "
                    "you change the company or the currency."
                )
            )
        result = super().write(vals)
        if "date_start" in vals:
            for version in self:
                version.price_ids.write({"date_start": version.date_start})
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_if_draft(self):
        self._check_draft()
        self.price_ids.unlink()

    def _check_draft(self):
        """What was submitted stays as it is, so that it is what gets approved."""
        for version in self:
            if version.state != "draft":
                raise UserError(
                    self.env._(
                        "%(version)s is no longer a draft and cannot be changed. Send "
                        "it back, or make a new version.",
                        version=version.name,
                    )
                )

    def _note_writer(self):
        """Remember who wrote a draft beside its author: neither approves it."""
        if not self.env.su:
            new = self.sudo().filtered(
                lambda version: (
                    version.state == "draft"
                    and self.env.user not in version.author_id | version.writer_ids
                )
            )
            new.writer_ids = [Command.link(self.env.uid)]

    # === ACTIONS ===

    def action_submit(self):
        """Ask the approver; from here on the version cannot be changed."""
        self.check_access("write")
        for version in self:
            version._check_draft()
            version._check_complete()
            version._check_conflicts()
            version.sudo().state = "to_approve"
            version.activity_schedule(
                "iaas_contract.mail_activity_type_approve_prices",
                user_id=version.approver_id.id,
                note=version.reason,
            )

    def action_approve(self):
        """Put the prices in force: what they replace ends the day before."""
        for version in self:
            version._check_to_approve()
            obstacle = version._approval_obstacle()
            if obstacle:
                raise AccessError(obstacle)
            version._check_complete()
            version._check_conflicts()
            version._put_in_force()

    def action_send_back(self):
        """Ask why, then give the version back to its author."""
        self._check_to_approve()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Send Back"),
            "res_model": "iaas.price.list.send.back",
            "views": [(False, "form")],
            "target": "new",
            "context": {"default_version_ids": self.ids},
        }

    def action_cancel(self):
        """Give the version up before anything of it is in force."""
        self.check_access("write")
        for version in self:
            if version.state == "approved":
                raise UserError(
                    self.env._(
                        "%(version)s is approved. Make a new version that sets other "
                        "prices.",
                        version=version.name,
                    )
                )
        self.sudo().write({"state": "cancelled"})
        self.activity_unlink(["iaas_contract.mail_activity_type_approve_prices"])

    def action_view_prices(self):
        """All prices of the version, to look at each."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "iaas_contract.iaas_price_action"
        )
        return action | {
            "domain": [("version_id", "=", self.id)],
            "context": {"active_test": False, "default_version_id": self.id},
        }

    # === BUSINESS ===

    def _approval_obstacle(self):
        """Why the current user may not approve; empty if they may."""
        self.ensure_one()
        if self.env.user == self.author_id:
            return self.env._(
                "%(version)s is your own: somebody else has to approve it.",
                version=self.name,
            )
        if self.env.user in self.sudo().writer_ids:
            return self.env._(
                "You wrote in %(version)s: somebody else has to approve it.",
                version=self.name,
            )
        if not self._is_approver(self.env.user):
            return self.env._("Prices are approved by sales or operations managers.")
        return ""

    @api.model
    def _is_approver(self, user):
        return any(user.has_group(group) for group in APPROVER_GROUPS)

    def _check_to_approve(self):
        for version in self:
            if version.state != "to_approve":
                raise UserError(
                    self.env._(
                        "%(version)s is not waiting for approval.", version=version.name
                    )
                )

    def _check_complete(self):
        self.ensure_one()
        if not self.price_ids and not self.ended_price_ids:
            raise UserError(
                self.env._("%(version)s changes no price yet.", version=self.name)
            )
        today = fields.Date.context_today(self)
        if self.date_start < today:
            raise UserError(
                self.env._(
                    "%(version)s would change prices of the past from %(day)s on. "
                    "Choose today or a later day.",
                    version=self.name,
                    day=fields.Date.to_string(self.date_start),
                )
            )
        if not self.approver_id or not self._is_approver(self.approver_id.sudo()):
            raise UserError(
                self.env._(
                    "Choose an approver: a sales or operations manager other than "
                    "the author."
                )
            )
        if self.approver_id == self.author_id:
            raise UserError(
                self.env._("The author of a price list version cannot approve it.")
            )
        if self.approver_id in self.sudo().writer_ids:
            raise UserError(
                self.env._(
                    "%(approver)s wrote in %(version)s and cannot approve it. Ask "
                    "another sales or operations manager.",
                    approver=self.approver_id.name,
                    version=self.name,
                )
            )

    def _check_conflicts(self):
        """Refuse where later prices are already set: both cannot hold."""
        self.ensure_one()
        later = self._get_replaced().filtered(
            lambda price: price.date_start and price.date_start >= self.date_start
        )
        if later:
            raise UserError(
                self.env._(
                    "These prices begin on or after %(day)s already. Archive them or "
                    "leave their services out of %(version)s:\n%(prices)s",
                    day=fields.Date.to_string(self.date_start),
                    version=self.name,
                    prices="\n".join(f"- {price.display_name}" for price in later),
                )
            )

    def _get_replaced(self):
        """The list prices in force that reach into the version's time, of what its
        prices are for."""
        self.ensure_one()
        subjects = {price._get_scope() for price in self.price_ids}
        prices = self.env["iaas.price"].search(
            Domain("product_id", "in", self.price_ids.product_id.ids)
            & Domain("contract_id", "=", False)
            & Domain("company_id", "=", self.company_id.id)
            & Domain("currency_id", "=", self.currency_id.id)
            & (
                Domain("date_end", "=", False)
                | Domain("date_end", ">=", self.date_start)
            )
        )
        return prices.filtered(lambda price: price._get_scope() in subjects)

    def _get_predecessors(self, products):
        """The list price of each subject, a product and a dimension key, on the day
        before the version's first."""
        self.ensure_one()
        if not self.date_start:
            return {}
        eve = self.date_start - timedelta(days=1)
        prices = self.env["iaas.price"].search(
            [
                ("product_id", "in", products.ids),
                ("contract_id", "=", False),
                ("company_id", "=", self.company_id.id),
                ("currency_id", "=", self.currency_id.id),
            ]
        )
        valid = prices.filtered(lambda price: price._is_valid_on(eve))
        return {price._get_scope(): price for price in valid}

    def _put_in_force(self):
        self.ensure_one()
        replaced = self._get_replaced()
        ended = self.ended_price_ids.filtered(
            lambda price: not price.date_end or price.date_end >= self.date_start
        )
        self.sudo().write(
            {
                "state": "approved",
                "approver_id": self.env.uid,
                "approval_date": fields.Datetime.now(),
            }
        )
        # As superuser: nobody changes the list by hand, but the approval does.
        eve = self.date_start - timedelta(days=1)
        (replaced | ended).sudo().write({"date_end": eve})
        # The database must see the old prices end before the new ones begin.
        self.env.flush_all()
        self.price_ids.sudo().write({"active": True})
        self.activity_feedback(
            ["iaas_contract.mail_activity_type_approve_prices"],
            feedback=self.env._("Approved"),
        )
        self.message_post(
            body=self.env._(
                "%(count)s prices approved, in force from %(day)s: %(reason)s",
                count=self.price_count,
                day=fields.Date.to_string(self.date_start),
                reason=self.reason,
            )
        )

    def _send_back(self, reason):
        """Return the version to its author with the reason."""
        self._check_to_approve()
        for version in self:
            obstacle = not version._is_approver(self.env.user)
            if obstacle and self.env.user != version.author_id:
                raise AccessError(
                    self.env._("Prices are sent back by who may approve them.")
                )
            version.sudo().state = "draft"
            version.activity_unlink(["iaas_contract.mail_activity_type_approve_prices"])
            version.message_post(
                body=self.env._("Sent back: %(reason)s", reason=reason),
                partner_ids=version.author_id.partner_id.ids,
            )
