from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain

from ..fields import Decimal

# What an order says of the resources that it starts.
ORDERED_FIELDS = {"contract_id", "product_id", "quantity", "dimension_value_ids"}


class IaasResource(models.Model):
    _name = "iaas.resource"
    _description = "Cloud Resource"
    _inherit = [
        "iaas.dimension.mixin",
        "iaas.gated.mixin",
        "iaas.decimal.mixin",
        "mail.thread",
    ]
    _order = "date_start desc, id desc"
    _rec_names_search = ["external_ref", "name"]
    _check_company_auto = True

    name = fields.Char(
        compute="_compute_name",
        store=True,
        readonly=False,
        required=True,
        precompute=True,
    )
    external_ref = fields.Char(
        string="Reference",
        required=True,
        copy=False,
        tracking=True,
        default=lambda self: self.env._("New"),
        help="The identifier by which the cloud platform and usage events know it.",
    )
    active = fields.Boolean(default=True)
    is_void = fields.Boolean(
        readonly=True,
        copy=False,
        help="Never came into use: the order or the contract ended before.",
    )
    company_id = fields.Many2one(
        related="contract_id.company_id", store=True, index=True, precompute=True
    )
    contract_id = fields.Many2one(
        "iaas.contract",
        required=True,
        index=True,
        ondelete="restrict",
        tracking=True,
        check_company=True,
    )
    partner_id = fields.Many2one(
        related="contract_id.partner_id",
        string="Customer",
        store=True,
        index=True,
        precompute=True,
    )
    product_id = fields.Many2one(
        "product.product",
        required=True,
        index=True,
        ondelete="restrict",
        tracking=True,
        check_company=True,
        domain="[('is_iaas', '=', True)]",
    )
    categ_id = fields.Many2one(
        related="product_id.categ_id", string="Product Family", store=True
    )
    uom_id = fields.Many2one(related="product_id.uom_id")
    quantity = Decimal(default=1, required=True, tracking=True)
    dimension_value_ids = fields.Many2many(
        tracking=True,
        help="Where and as what it runs: the price is that for these. Usage events "
        "that name a dimension of their own go before.",
    )
    date_start = fields.Date(
        string="First Day",
        required=True,
        tracking=True,
        default=fields.Date.context_today,
    )
    date_end = fields.Date(
        string="Last Day",
        tracking=True,
        help="Last day of use, included. Empty: still in use.",
    )
    state = fields.Selection(
        [("planned", "Planned"), ("running", "Running"), ("stopped", "Stopped")],
        string="Status",
        compute="_compute_state",
        search="_search_state",
    )
    sale_line_id = fields.Many2one(
        "sale.order.line",
        string="Order Line",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        check_company=True,
    )
    sale_order_id = fields.Many2one(
        related="sale_line_id.order_id", string="Order", store=True, index=True
    )

    _external_ref_unique = models.UniqueIndex(
        "(company_id, external_ref)",
        "Another resource of this company has this reference.",
    )
    _date_order = models.Constraint(
        "CHECK (date_end >= date_start)",
        "The last day of a resource cannot be before its first day.",
    )
    _quantity_positive = models.Constraint(
        "CHECK (quantity > 0)", "The quantity of a resource must be above zero."
    )

    # === COMPUTE ===

    @api.depends("product_id")
    def _compute_name(self):
        for resource in self:
            resource.name = resource.name or resource.product_id.name

    @api.depends("date_start", "date_end", "contract_id.timezone")
    def _compute_state(self):
        for resource in self:
            today = resource.contract_id._today()
            if resource.date_end and resource.date_end < today:
                resource.state = "stopped"
            elif resource.date_start and resource.date_start > today:
                resource.state = "planned"
            else:
                resource.state = "running"

    def _search_state(self, operator, value):
        if operator != "in":
            return NotImplemented
        return self.env["iaas.contract"]._domain_today(
            lambda today: Domain.OR(
                self._domain_state(state, today) for state in value
            ),
            path="contract_id.",
        )

    @api.model
    def _domain_state(self, state, today):
        stopped = Domain("date_end", "<", today)
        planned = Domain("date_start", ">", today)
        return {
            "stopped": stopped,
            "planned": planned & ~stopped,
            "running": ~planned & ~stopped,
        }.get(state, Domain.FALSE)

    @api.depends("name", "external_ref")
    @api.depends_context("display_external_ref")
    def _compute_display_name(self):
        """With the reference, which a narrow column may leave out as Odoo's own ones
        leave out the code of a product."""
        if not self.env.context.get("display_external_ref", True):
            for resource in self:
                resource.display_name = resource.name or resource.external_ref
            return
        for resource in self:
            resource.display_name = f"[{resource.external_ref}] {resource.name}"

    # === CONSTRAINTS ===

    @api.constrains("contract_id", "date_start")
    def _check_within_term(self):
        for resource in self:
            contract = resource.contract_id
            day = resource.date_start
            if day < contract._get_first_day() or (
                contract.date_end and day > contract.date_end
            ):
                raise ValidationError(
                    self.env._(
                        "%(resource)s would begin on %(day)s, outside the term of "
                        "%(contract)s.",
                        resource=resource.display_name,
                        day=fields.Date.to_string(day),
                        contract=contract.display_name,
                    )
                )

    @api.constrains("contract_id", "product_id")
    def _check_within_catalogue(self):
        for resource in self:
            contract = resource.contract_id
            day = max(resource._get_product_day(), contract.date_start)
            if not contract._allows_product(resource.product_id, day):
                raise ValidationError(
                    self.env._(
                        "%(product)s is not in the catalogue of %(contract)s. Add it "
                        "to the catalogue or choose another product.",
                        product=resource.product_id.display_name,
                        contract=resource.contract_id.display_name,
                    )
                )

    # === CRUD ===

    @api.model
    def _get_gated_fields(self):
        # What follows from the contract, and what takes a resource out of settlement.
        return super()._get_gated_fields() | {
            "active",
            "is_void",
            "company_id",
            "partner_id",
            "categ_id",
            "sale_line_id",
            "sale_order_id",
        }

    @api.model
    def _get_gated_message(self, labels):
        return self.env._(
            "These fields of a cloud resource follow from its contract, product and "
            "order: %(fields)s. To end a resource, stop it.",
            fields=labels,
        )

    @api.model_create_multi
    def create(self, vals_list):
        new = self.env._("New")
        unnamed = [v for v in vals_list if v.get("external_ref", new) in (new, False)]
        if unnamed:
            sequence = self._reference_sequence()
            for vals in unnamed:
                vals["external_ref"] = sequence._next()
        return super().create(vals_list)

    @api.model
    def _reference_sequence(self):
        """The sequence, looked up once: an order may make a thousand resources."""
        company = self.env.company
        return (
            self.env["ir.sequence"]
            .sudo()
            .search(
                Domain("code", "=", "iaas.resource")
                & Domain("company_id", "in", (company.id, False)),
                order="company_id",
                limit=1,
            )
        )

    def write(self, vals):
        if not self.env.su:
            self._check_ordered(vals)
        return super().write(vals)

    def _check_ordered(self, vals):
        """For whom, what, where and how much follows from the order; nobody gives a
        resource to another customer."""
        for resource in self.sudo():
            contract = resource.contract_id.browse(vals.get("contract_id"))
            moved = contract and contract.partner_id != resource.partner_id
            changed = {
                name
                for name in ORDERED_FIELDS & vals.keys()
                if resource.sale_line_id and resource._changes(name, vals[name])
            }
            if moved or changed:
                raise UserError(
                    self.env._(
                        "%(resource)s was ordered as it is: use Resize, Change Product "
                        "or Stop, which say from which day, or order another one.",
                        resource=resource.display_name,
                    )
                    if changed
                    else self.env._(
                        "%(resource)s is rented by %(customer)s: stop it, and order "
                        "one for %(other)s.",
                        resource=resource.display_name,
                        customer=resource.partner_id.display_name,
                        other=contract.partner_id.display_name,
                    )
                )

    # === ACTIONS ===

    def action_stop(self):
        """Open the wizard that asks for the last day of use."""
        return self.env["ir.actions.act_window"]._for_xml_id(
            "iaas_contract.iaas_resource_stop_action"
        ) | {"context": {"default_resource_ids": self.ids}}

    # === BUSINESS ===

    def _get_product_day(self):
        """The first day on which the resource is its product."""
        self.ensure_one()
        return self.date_start or self.contract_id.date_start

    def _running_after(self, day):
        return self.filtered(lambda r: not r.date_end or (day and r.date_end > day))

    def _stop(self, last_day):
        """End what is still in use after ``last_day``.

        A resource that would only begin later never comes into use: it is archived.
        """
        later = self._running_after(last_day)
        unborn = later.filtered(lambda r: r.date_start > last_day)
        (later - unborn).write({"date_end": last_day})
        unborn._void()

    def _void(self):
        """Take out of every list and settlement what was never used."""
        for resource in self.sudo():
            resource.write(
                {"active": False, "is_void": True, "date_end": resource.date_start}
            )

    def _filter_used(self):
        """The resources whose use is on record. Addons that record it extend this."""
        return self.browse()
