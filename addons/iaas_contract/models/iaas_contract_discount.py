from odoo import api, fields, models

from ..fields import ZERO, Decimal

FREE = 100


class IaasContractDiscount(models.AbstractModel):
    """A discount for a product or a category, in force or proposed."""

    _name = "iaas.contract.discount"
    _description = "Discount of a Framework Contract"
    _inherit = ["iaas.contract.timing"]

    sequence = fields.Integer(default=10)
    product_id = fields.Many2one(
        "product.product",
        index="btree_not_null",
        ondelete="restrict",
        check_company=True,
        domain="[('is_iaas', '=', True)]",
    )
    categ_id = fields.Many2one(
        "product.category",
        string="Product Category",
        index="btree_not_null",
        ondelete="restrict",
        help="The discount holds for all products of the category and of the ones "
        "below it, unless a nearer line exists.",
    )
    is_trial = fields.Boolean(
        string="Free Trial",
        help="The services cost nothing up to and with the last day, whatever else was "
        "agreed; from the next day on they are charged as this contract says. Without "
        "a product or category the trial is for all services.",
    )
    target_hint = fields.Char(compute="_compute_target_hint")
    discount = Decimal(string="Discount (%)", required=True)
    min_spend = Decimal(
        string="From Spend",
        help="The discount holds in settlement periods in which the undiscounted spend "
        "under the contract, before tax, comes to this or more; a period that is cut "
        "short needs as much less. Of several bands the highest reached holds. "
        "0: always.",
    )
    billing_timing = fields.Selection(
        help="When the fees of these services are due. Empty: as the contract says."
    )
    date_start = fields.Date(string="From", help="First day. Empty: from the start.")
    date_end = fields.Date(string="Until", help="Last day, included. Empty: open.")

    _one_target = models.Constraint(
        "CHECK (num_nonnulls(product_id, categ_id) = 1 "
        "OR is_trial IS TRUE AND num_nonnulls(product_id, categ_id) = 0)",
        "A discount is for one product or for one category: fill in one of them. Only "
        "a free trial may be for all services.",
    )
    _trial_is_free = models.Constraint(
        "CHECK (is_trial IS NOT TRUE OR discount = 100 AND COALESCE(min_spend, 0) = 0 "
        "AND billing_timing IS NULL AND date_end < '9999-12-31')",
        "A free trial is a discount of 100 % at any spend, for a time, without a "
        "billing timing of its own.",
    )
    _trial_ends = models.Constraint(
        "CHECK (is_trial IS NOT TRUE OR date_end IS NOT NULL)",
        "A free trial needs a last day: fill in until when it is free.",
    )
    _discount_range = models.Constraint(
        "CHECK (discount BETWEEN 0 AND 100)",
        "A discount is a percentage from 0 to 100.",
    )
    _min_spend_positive = models.Constraint(
        "CHECK (min_spend >= 0)", "The spend that a discount needs is not below zero."
    )
    _date_order = models.Constraint(
        "CHECK (date_end >= date_start)",
        "The last day of a discount cannot be before its first day.",
    )

    @api.depends(
        "product_id",
        "categ_id",
        "is_trial",
        "discount",
        "min_spend",
        "billing_timing",
        "advance_percent",
    )
    def _compute_display_name(self):
        for line in self:
            target = line._target_text()
            text = f"{target} −{line.discount.normalize():f} %"
            if line.is_trial:
                text = self.env._("Free trial: %(services)s", services=target)
            if line.min_spend:
                text = self.env._(
                    "%(discount)s from a spend of %(spend)s",
                    discount=text,
                    spend=f"{line.min_spend.normalize():f}",
                )
            if line.billing_timing:
                text = f"{text}, {line._timing_text()}"
            line.display_name = text

    @api.depends("is_trial", "product_id", "categ_id")
    def _compute_target_hint(self):
        for line in self:
            is_all = line.is_trial and not line.product_id and not line.categ_id
            line.target_hint = is_all and line._target_text()

    @api.onchange("is_trial")
    def _onchange_is_trial(self):
        if self.is_trial:
            self.update(self._trial_values())

    @api.onchange("product_id")
    def _onchange_product_id(self):
        if self.product_id:
            self.categ_id = False

    @api.onchange("categ_id")
    def _onchange_categ_id(self):
        if self.categ_id:
            self.product_id = False

    # === CRUD ===

    @api.model_create_multi
    def create(self, vals_list):
        return super().create(
            [
                self._trial_values() | vals if vals.get("is_trial") else vals
                for vals in vals_list
            ]
        )

    # === BUSINESS ===

    @api.model
    def _trial_values(self):
        """What makes a discount a free trial, beside its last day."""
        return {
            "discount": FREE,
            "min_spend": ZERO,
            "billing_timing": False,
            "advance_percent": ZERO,
        }

    def _target_text(self):
        """What the discount is for, for people."""
        self.ensure_one()
        target = self.product_id.display_name or self.categ_id.name
        return target or (self.env._("All services") if self.is_trial else "")

    def _is_valid_on(self, day):
        """Whether the discount holds on the civil day."""
        self.ensure_one()
        return (not self.date_start or self.date_start <= day) and (
            not self.date_end or day <= self.date_end
        )

    def _pick(self, product, day, reached=None):
        """The one of these discounts that applies to the product on the day: one for
        the product itself, else the one for its nearest category; else none. Free
        trials are left aside: this is what holds after them.

        :param reached: tells whether the spend of the period comes to an amount;
            without it only the discounts that hold at any spend are looked at
        """
        lines = self.filtered(
            lambda line: (
                not line.is_trial
                and line._is_valid_on(day)
                and (not line.min_spend or (reached and reached(line.min_spend)))
            )
        ).sorted("min_spend", reverse=True)
        own = lines.filtered(lambda line: line.product_id == product)
        if own:
            return own[0]
        by_category = {}
        for line in lines.filtered("categ_id"):
            # The highest band that is reached.
            by_category.setdefault(line.categ_id.id, line)
        path = product.categ_id.parent_path or ""
        for categ_id in reversed(path.split("/")[:-1]):
            if int(categ_id) in by_category:
                return by_category[int(categ_id)]
        return self.browse()

    def _pick_trial(self, product, day):
        """One of these discounts by which the product is free on the day; else none.
        Of several the one that lasts longest."""
        path = (product.categ_id.parent_path or "").split("/")[:-1]
        return self.filtered(
            lambda line: (
                line.is_trial
                and line._is_valid_on(day)
                and line.product_id in (product, line.product_id.browse())
                and (not line.categ_id or str(line.categ_id.id) in path)
            )
        ).sorted("date_end", reverse=True)[:1]

    def _discount_key(self):
        """What makes two discounts the same, whoever holds them."""
        self.ensure_one()
        return (
            self.product_id,
            self.categ_id,
            self.is_trial,
            self.discount,
            self.min_spend,
            self.billing_timing,
            self.advance_percent,
            self.date_start,
        )

    def _discount_values(self):
        self.ensure_one()
        return {
            "sequence": self.sequence,
            "product_id": self.product_id.id,
            "categ_id": self.categ_id.id,
            "is_trial": self.is_trial,
            "discount": self.discount,
            "min_spend": self.min_spend,
            "billing_timing": self.billing_timing,
            "advance_percent": self.advance_percent,
            "date_start": self.date_start,
            "date_end": self.date_end,
        }
