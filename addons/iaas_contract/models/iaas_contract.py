from collections import defaultdict
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain

from odoo.addons.base.models.res_partner import _tz_get

from .iaas_contract_terms import LONGEST_TERM

UNSIGNED_STATES = ("draft", "review", "approval", "sent")
LIVE_STATES = ("active", "expiring")
IN_FORCE_STATES = (*LIVE_STATES, "renewed", "ended", "terminated")


class IaasContract(models.Model):
    _name = "iaas.contract"
    _description = "Framework Contract"
    _inherit = [
        "iaas.gated.mixin",
        "iaas.contract.terms",
        "portal.mixin",
        "mail.thread",
        "mail.activity.mixin",
    ]
    _order = "date_start desc, id desc"
    _rec_names_search = ["name", "title", "partner_id"]
    _check_company_auto = True

    name = fields.Char(
        string="Number",
        required=True,
        readonly=True,
        copy=False,
        index="trigram",
        default=lambda self: self.env._("New"),
    )
    active = fields.Boolean(default=True)
    title = fields.Char(
        tracking=True, help="What the contract is about, in a few words."
    )
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
    )
    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        required=True,
        index=True,
        tracking=True,
        check_company=True,
        domain="[('is_iaas_customer', '=', True)]",
        help="The legal entity that signs.",
    )
    is_related_party = fields.Boolean(
        string="Related Party",
        tracking=True,
        help="The customer belongs to our own group. It is contracted, priced and "
        "collected from like any other.",
    )
    currency_id = fields.Many2one(
        "res.currency",
        compute="_compute_currency_id",
        store=True,
        readonly=False,
        required=True,
        precompute=True,
    )
    user_id = fields.Many2one(
        "res.users",
        string="Owner",
        compute="_compute_owner",
        store=True,
        readonly=False,
        precompute=True,
        index=True,
        tracking=True,
        domain="[('share', '=', False), ('company_ids', '=', company_id)]",
    )
    backup_user_id = fields.Many2one(
        "res.users",
        string="Backup",
        compute="_compute_owner",
        store=True,
        readonly=False,
        precompute=True,
        domain="[('share', '=', False), ('company_ids', '=', company_id)]",
        help="Takes over the work of the owner while he or she is away.",
    )

    # Terms
    date_start = fields.Date(
        string="First Day",
        required=True,
        tracking=True,
        default=fields.Date.context_today,
    )
    term_months = fields.Integer(
        string="Term (months)",
        compute="_compute_term_months",
        inverse="_inverse_term_months",
        help="Whole months from the first to the last day; 0 when the term is open or "
        "is not a number of whole months.",
    )
    cycle = fields.Selection(
        [
            ("month", "Monthly"),
            ("quarter", "Quarterly"),
            ("half-year", "Half-yearly"),
            ("year", "Yearly"),
        ],
        required=True,
        default="month",
        tracking=True,
        help="How often the contract is settled: one statement and one invoice each.",
    )
    anchor_day = fields.Integer(
        help="Day of the month on which a settlement period begins. 0: periods follow "
        "the calendar. A day that a month does not have becomes its last day.",
    )
    timezone = fields.Selection(
        _tz_get,
        string="Time Zone",
        required=True,
        default=lambda self: (
            self.env.company.partner_id.tz or self.env.user.tz or "UTC"
        ),
        help="The civil days and settlement periods of this contract are counted here.",
    )
    settlement_mode = fields.Selection(
        [("postpaid", "Postpaid"), ("prepaid", "Prepaid")],
        string="Settlement",
        required=True,
        default="postpaid",
        tracking=True,
    )
    payment_term_id = fields.Many2one(
        compute="_compute_payment_term_id", store=True, readonly=False, precompute=True
    )
    line_ids = fields.One2many(
        "iaas.contract.line", "contract_id", string="Discounts", copy=True
    )

    # Life
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("review", "In Review"),
            ("approval", "In Approval"),
            ("sent", "Sent"),
            ("signed", "Signed"),
            ("active", "Active"),
            ("expiring", "Expiring"),
            ("renewed", "Renewed"),
            ("ended", "Ended"),
            ("terminated", "Terminated"),
        ],
        string="Status",
        group_expand=True,
        required=True,
        readonly=True,
        copy=False,
        default="draft",
        index=True,
        tracking=True,
    )
    is_amendable = fields.Boolean(compute="_compute_is_amendable")
    signature_deadline = fields.Date(copy=False, tracking=True)
    signed_date = fields.Date(string="Signed On", readonly=True, copy=False)
    signed_by = fields.Char(
        readonly=True,
        copy=False,
        tracking=True,
        help="Who signed for the customer.",
    )
    termination_date = fields.Date(
        readonly=True,
        copy=False,
        tracking=True,
        help="Last day in force after a termination.",
    )
    termination_reason = fields.Text(
        readonly=True, copy=False, groups="base.group_user"
    )
    is_signature_overdue = fields.Boolean(
        compute="_compute_is_signature_overdue",
        search="_search_is_signature_overdue",
    )
    days_overdue = fields.Integer(
        string="Days Overdue for Signature", compute="_compute_is_signature_overdue"
    )
    days_left = fields.Integer(
        compute="_compute_days_left", help="Days until the last day of the term."
    )

    # What hangs on it
    order_ids = fields.One2many("sale.order", "iaas_contract_id", string="Orders")
    order_count = fields.Integer(compute="_compute_order_count")
    resource_ids = fields.One2many("iaas.resource", "contract_id", string="Resources")
    resource_count = fields.Integer(compute="_compute_resource_count")
    price_ids = fields.One2many("iaas.price", "contract_id", string="Own Prices")
    price_count = fields.Integer(compute="_compute_price_count")

    _date_order = models.Constraint(
        "CHECK (date_end >= date_start)",
        "The last day of a contract cannot be before its first day.",
    )
    _anchor_day_range = models.Constraint(
        "CHECK (anchor_day BETWEEN 0 AND 31)",
        "The anchor day is a day of the month, from 1 to 31, or 0 for the calendar.",
    )

    # === COMPUTE ===

    @api.depends("company_id")
    def _compute_currency_id(self):
        for contract in self:
            contract.currency_id = contract.company_id.currency_id

    @api.depends("partner_id")
    def _compute_owner(self):
        for contract in self:
            partner = contract.partner_id
            contract.user_id = partner.user_id or contract.user_id or self.env.user
            contract.backup_user_id = (
                partner.iaas_backup_user_id or contract.backup_user_id
            )

    @api.depends("partner_id", "company_id")
    def _compute_payment_term_id(self):
        for contract in self:
            partner = contract.partner_id.with_company(contract.company_id)
            contract.payment_term_id = partner.property_payment_term_id

    # Not on the first day: a form that moves it keeps the term and moves the last day.
    @api.depends("date_end")
    def _compute_term_months(self):
        for contract in self:
            months = 0
            has_term = contract.date_start and contract.date_end
            # The last day of the calendar stands for an open end.
            if has_term and contract.date_end < date.max:
                after = contract.date_end + timedelta(days=1)
                delta = relativedelta(after, contract.date_start)
                if not delta.days:
                    months = delta.years * 12 + delta.months
            contract.term_months = months

    @api.onchange("term_months")
    def _inverse_term_months(self):
        for contract in self:
            if contract.term_months > LONGEST_TERM:
                raise UserError(
                    self.env._(
                        "A term of %(months)s months is too long: enter at most "
                        "%(most)s, or leave the last day empty for an open term.",
                        months=contract.term_months,
                        most=LONGEST_TERM,
                    )
                )
            if contract.term_months > 0 and contract.date_start:
                contract.date_end = (
                    contract.date_start
                    + relativedelta(months=contract.term_months)
                    - timedelta(days=1)
                )

    @api.onchange("date_start")
    def _onchange_date_start(self):
        if self.term_months:
            self._inverse_term_months()
        else:
            self._compute_term_months()

    @api.depends("state")
    @api.depends_context("uid", "su")
    def _compute_is_amendable(self):
        amends = self.env.su or self.env.user.has_group(
            "iaas_customer.group_iaas_ops_manager"
        )
        for contract in self:
            contract.is_amendable = amends or contract.state in UNSIGNED_STATES

    @api.depends("state", "signature_deadline", "timezone")
    def _compute_is_signature_overdue(self):
        for contract in self:
            deadline = contract.signature_deadline
            late = 0
            if contract.state == "sent" and deadline:
                late = max((contract._today() - deadline).days, 0)
            contract.days_overdue = late
            contract.is_signature_overdue = bool(late)

    def _search_is_signature_overdue(self, operator, value):
        if operator != "in":
            return NotImplemented
        return Domain("state", "=", "sent") & self._domain_today(
            lambda today: Domain("signature_deadline", "<", today)
        )

    @api.depends("date_end", "timezone")
    def _compute_days_left(self):
        for contract in self:
            contract.days_left = (
                max((contract.date_end - contract._today()).days, 0)
                if contract.date_end
                else 0
            )

    @api.depends("order_ids")
    def _compute_order_count(self):
        counts = dict(
            self.env["sale.order"]._read_group(
                [("iaas_contract_id", "in", self.ids)],
                ["iaas_contract_id"],
                ["__count"],
            )
        )
        for contract in self:
            contract.order_count = counts.get(contract._origin, 0)

    @api.depends("resource_ids")
    def _compute_resource_count(self):
        counts = dict(
            self.env["iaas.resource"]._read_group(
                [("contract_id", "in", self.ids)], ["contract_id"], ["__count"]
            )
        )
        for contract in self:
            contract.resource_count = counts.get(contract._origin, 0)

    @api.depends("price_ids")
    def _compute_price_count(self):
        counts = dict(
            self.env["iaas.price"]._read_group(
                [("contract_id", "in", self.ids)], ["contract_id"], ["__count"]
            )
        )
        for contract in self:
            contract.price_count = counts.get(contract._origin, 0)

    @api.depends("name", "title")
    def _compute_display_name(self):
        for contract in self:
            contract.display_name = " · ".join(
                filter(None, (contract.name, contract.title))
            )

    # === CONSTRAINTS ===

    @api.constrains("partner_id")
    def _check_partner_is_legal_entity(self):
        for contract in self:
            partner = contract.partner_id
            if partner.commercial_partner_id != partner:
                raise ValidationError(
                    self.env._(
                        "%(contract)s: %(partner)s is a contact of %(company)s. "
                        "A framework contract is signed with the company: choose "
                        "%(company)s as the customer.",
                        contract=contract.name,
                        partner=partner.display_name,
                        company=partner.commercial_partner_id.display_name,
                    )
                )

    @api.constrains("active", "state")
    def _check_archived_is_draft(self):
        for contract in self:
            if not contract.active and contract.state != "draft":
                raise ValidationError(
                    self.env._(
                        "%(contract)s is no longer a draft and cannot be archived. Set "
                        "it back to draft, or terminate it.",
                        contract=contract.display_name,
                    )
                )

    # === CRUD ===

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            if vals.get("name", self.env._("New")) == self.env._("New"):
                day = fields.Date.to_date(vals.get("date_start"))
                vals["name"] = self._next_number(vals.get("company_id"), day)
        return super().create(vals_list)

    @api.ondelete(at_uninstall=False)
    def _unlink_if_draft(self):
        for contract in self:
            if contract.state != "draft":
                raise UserError(
                    self.env._(
                        "%(contract)s is no longer a draft and cannot be deleted. "
                        "Terminate it instead.",
                        contract=contract.display_name,
                    )
                )

    @api.model
    def _next_number(self, company_id, day):
        company = self.env["res.company"].browse(company_id) or self.env.company
        return (
            self.env["ir.sequence"]
            .with_company(company)
            .next_by_code("iaas.contract", sequence_date=day)
        )

    # === ACTIONS ===

    def action_view_orders(self):
        """The call-off orders under this contract."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "iaas_contract.sale_order_action"
        )
        return action | {
            "domain": [("iaas_contract_id", "=", self.id)],
            "context": {
                "default_iaas_contract_id": self.id,
                "default_partner_id": self.partner_id.id,
            },
        }

    def action_view_resources(self):
        """What the customer rents under this contract."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "iaas_contract.iaas_resource_action"
        )
        return action | {
            "domain": [("contract_id", "=", self.id)],
            "context": {"default_contract_id": self.id},
        }

    def action_view_prices(self):
        """The prices agreed for this contract only."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "iaas_contract.iaas_price_action"
        )
        return action | {
            "domain": [("contract_id", "=", self.id)],
            "context": {"default_contract_id": self.id},
        }

    # === TOOLS ===

    def _day_of(self, instant):
        """The civil day that holds a naive UTC instant in the contract's zone."""
        # Also asked of a form in which no contract is chosen yet. No slice of one: that
        # would be read alone, for each record of a list.
        zone = ZoneInfo((self if len(self) < 2 else self[:1]).timezone or "UTC")
        return instant.replace(tzinfo=ZoneInfo("UTC")).astimezone(zone).date()

    def _today(self):
        return self._day_of(fields.Datetime.now())

    @api.model
    def _domain_today(self, condition, path=""):
        """A domain on civil days that is right in every contract's zone.

        :param condition: takes a date, returns the domain for contracts where that
            is today
        :param path: ``contract_id.`` on models that hang on a contract
        """
        by_day = defaultdict(list)
        now = fields.Datetime.now()
        for (zone,) in self.sudo()._read_group([], ["timezone"]):
            day = now.replace(tzinfo=ZoneInfo("UTC")).astimezone(ZoneInfo(zone)).date()
            by_day[day].append(zone)
        return Domain.OR(
            Domain(f"{path}timezone", "in", zones) & condition(day)
            for day, zones in by_day.items()
        )
