from odoo import api, fields, models
from odoo.exceptions import UserError

from ..pricing import change_range
from .iaas_price import PRICING_FIELDS

# What makes a price of the list what it is.
LISTED_FIELDS = {
    *PRICING_FIELDS,
    "tier_ids",
    "product_id",
    "contract_id",
    "company_id",
    "currency_id",
    "dimension_value_ids",
    "date_start",
    "date_end",
    "active",
}


class IaasPrice(models.Model):
    """Prices proposed by a price list version: archived until it is approved."""

    _inherit = "iaas.price"

    version_id = fields.Many2one(
        "iaas.price.list.version",
        string="Price List Version",
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
        copy=False,
        check_company=True,
        help="The version by which this price was proposed and approved.",
    )
    version_state = fields.Selection(related="version_id.state")
    predecessor_id = fields.Many2one("iaas.price", compute="_compute_change")
    old_summary = fields.Text(string="Until Then", compute="_compute_change")
    change_kind = fields.Selection(
        [("new", "New"), ("changed", "Changed"), ("unchanged", "Unchanged")],
        string="Kind",
        compute="_compute_change",
    )
    change_text = fields.Char(
        string="Change",
        compute="_compute_change",
        help="By how much what a quantity comes to changes: at one unit, at each "
        "bound of both prices, and past the last.",
    )

    @api.depends("version_id.date_start", "product_id", "dimension_key", "summary")
    def _compute_change(self):
        proposed = self.filtered("version_id")
        for field in ("predecessor_id", "old_summary", "change_kind", "change_text"):
            (self - proposed)[field] = False
        for version, prices in proposed.grouped("version_id").items():
            predecessors = version._get_predecessors(prices.product_id)
            for price in prices:
                old = predecessors.get(price._get_scope(), self.browse())
                price.predecessor_id = old
                price.old_summary = old.summary
                price.change_kind, price.change_text = price._compare(old)

    def _compare(self, old):
        """The kind of the change from the old price, and its size in words."""
        self.ensure_one()
        if not old:
            return "new", False
        try:
            before, after = old._to_pricing(), self._to_pricing()
        except ValueError:
            return "changed", False
        if before == after:
            return "unchanged", False
        change = change_range(before, after)
        if not change:
            return "changed", False
        low, high = map(self._format_percent, change)
        if low == high:
            return "changed", low
        return "changed", self.env._("%(low)s to %(high)s", low=low, high=high)

    def _get_rebate(self, other):
        """By how many percent the price is at most below another one; 0 where nothing
        can be compared, as with prices by event."""
        self.ensure_one()
        try:
            change = change_range(other._to_pricing(), self._to_pricing())
        except ValueError:
            return 0
        return max(-change[0], 0) if change else 0

    def _format_percent(self, percent):
        sign = "+" if percent > 0 else "\N{MINUS SIGN}" if percent < 0 else ""
        return f"{sign}{self._format_number(abs(percent))} %"

    @api.model_create_multi
    def create(self, vals_list):
        default = self.default_get(["version_id"]).get("version_id")
        for vals in vals_list:
            version = self.env["iaas.price.list.version"].browse(
                vals.get("version_id", default)
            )
            if version:
                version._check_draft()
                vals.update(
                    active=False,
                    contract_id=False,
                    company_id=version.company_id.id,
                    currency_id=version.currency_id.id,
                    date_start=version.date_start,
                )
        prices = super().create(vals_list)
        prices.version_id._note_writer()
        prices._check_list_is_free()
        return prices

    def write(self, vals):
        self._check_version_allows(vals)
        self.version_id._note_writer()
        if not LISTED_FIELDS & vals.keys():
            return super().write(vals)
        self._check_list_is_free()
        result = super().write(vals)
        self._check_list_is_free()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_if_version_is_draft(self):
        self.version_id._check_draft()
        self.version_id._note_writer()
        self._check_list_is_free()

    def _check_changeable(self):
        """Refuse a change of the tiers where the price itself may not change."""
        self._check_contract_amendable()
        self._check_version_allows({"tier_ids": True})
        self.version_id._note_writer()
        self._check_list_is_free()

    def _check_list_is_free(self):
        """Refuse changes of the list by hand in companies that approve their prices:
        from the first approved version on, prices go by versions."""
        listed = self.filtered(
            lambda price: (
                not price.contract_id
                and not price.amendment_id
                and price.version_id.state not in ("draft", "to_approve")
            )
        )
        if self.env.su or not listed:
            return
        approved = (
            self.env["iaas.price.list.version"]
            .sudo()
            .search(
                [
                    ("company_id", "in", listed.company_id.ids),
                    ("state", "=", "approved"),
                ],
                limit=1,
            )
        )
        if approved:
            raise UserError(
                self.env._(
                    "List prices of %(company)s are approved by somebody who did not "
                    "write them: make a price list version for the change of "
                    "%(price)s.",
                    company=approved.company_id.name,
                    price=listed[:1].display_name,
                )
            )

    def _check_version_allows(self, names):
        """What is proposed changes in a draft only; what was approved may end."""
        for price in self:
            version = price.version_id
            if "version_id" in names and names["version_id"] != version.id:
                raise UserError(
                    self.env._("A price cannot move to another price list version.")
                )
            if not version:
                continue
            if version.state == "draft":
                allowed = not names.keys() & {"contract_id", "company_id"}
                allowed &= not names.get("active")
                day = names.get("date_start", version.date_start)
                allowed &= fields.Date.to_date(day) == version.date_start
            elif version.state == "approved":
                allowed = not names.keys() - {"active", "date_end"}
            else:
                allowed = False
            if not allowed:
                raise UserError(
                    self.env._(
                        "%(price)s belongs to %(version)s, which is %(state)s: prices "
                        "of a version change while it is a draft and come into force "
                        "when it is approved. Make a new version for other prices.",
                        price=price.display_name,
                        version=version.name,
                        state=dict(
                            version._fields["state"]._description_selection(self.env)
                        )[version.state].lower(),
                    )
                )
