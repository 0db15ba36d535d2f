from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command

from ..fields import Decimal
from ..pricing.numbers import ZERO, exact

MANAGER = "iaas_customer.group_iaas_ops_manager"
# What an approval is about.
AGREED_FIELDS = {
    "contract_id",
    "beneficiary_id",
    "purpose",
    "percent",
    "categ_id",
    "date_start",
    "date_end",
    "basis",
}


class IaasContractRevenueShare(models.Model):
    """What a third party gets of the revenue of a contract (R90).

    It is agreed with the third party, not with the customer: it is no part of the
    terms that the customer signs, of their digest or of the printed contract. Instead
    an operations manager who did not write it approves it; then it stays as it is.
    """

    _name = "iaas.contract.revenue.share"
    _description = "Revenue Share"
    _inherit = ["iaas.gated.mixin", "iaas.decimal.mixin", "mail.thread"]
    _order = "contract_id desc, date_start, id"
    _check_company_auto = True

    contract_id = fields.Many2one(
        "iaas.contract",
        required=True,
        index=True,
        ondelete="cascade",
        check_company=True,
        tracking=True,
    )
    company_id = fields.Many2one(
        related="contract_id.company_id", store=True, index=True, precompute=True
    )
    partner_id = fields.Many2one(
        related="contract_id.partner_id", string="Customer", store=True
    )
    beneficiary_id = fields.Many2one(
        "res.partner",
        required=True,
        index=True,
        ondelete="restrict",
        check_company=True,
        tracking=True,
        help="Who gets the share, and whose vendor bills are made for it.",
    )
    purpose = fields.Selection(
        [
            ("commission", "Commission"),
            ("advertising", "Advertising"),
            ("other", "Other third-party payment"),
        ],
        string="For",
        required=True,
        default="commission",
        tracking=True,
    )
    percent = Decimal(
        string="Share (%)",
        required=True,
        tracking=True,
        help="Of the revenue before tax.",
    )
    categ_id = fields.Many2one(
        "product.category",
        string="Product Family",
        ondelete="restrict",
        tracking=True,
        help="Of the revenue of this family alone. Empty: of all of the contract.",
    )
    date_start = fields.Date(
        string="From",
        tracking=True,
        help="Services from this day on count. Empty: from the start.",
    )
    date_end = fields.Date(
        string="Until",
        tracking=True,
        help="Services that begin after this day do not count. Empty: open.",
    )
    basis = fields.Selection(
        [("billed", "Billed"), ("collected", "Collected")],
        required=True,
        default="billed",
        tracking=True,
        help="Billed: due when a statement is posted. Collected: due as far as its "
        "invoice is paid.",
    )
    state = fields.Selection(
        [
            ("draft", "To Approve"),
            ("approved", "Approved"),
            ("withdrawn", "Withdrawn"),
        ],
        string="Status",
        required=True,
        readonly=True,
        copy=False,
        default="draft",
        index=True,
        tracking=True,
        help="Withdrawn: it counts for nothing, and what was shared is taken back.",
    )
    author_ids = fields.Many2many(
        "res.users",
        "iaas_contract_revenue_share_author_rel",
        string="Authors",
        readonly=True,
        copy=False,
        help="Who wrote it. They do not approve it.",
    )
    approved_by_id = fields.Many2one(
        "res.users", readonly=True, copy=False, tracking=True
    )

    _percent_range = models.Constraint(
        "CHECK (percent > 0 AND percent <= 100)",
        "A revenue share is a percentage above 0, at most 100.",
    )
    _date_order = models.Constraint(
        "CHECK (date_end >= date_start)",
        "The last day of a revenue share cannot be before its first day.",
    )

    # === COMPUTE ===

    @api.depends("beneficiary_id", "percent", "categ_id")
    def _compute_display_name(self):
        for share in self:
            name = share.beneficiary_id.display_name or self.env._("New revenue share")
            text = f"{name}, {share.percent.normalize():f} %"
            if share.categ_id:
                text = f"{text} ({share.categ_id.name})"
            share.display_name = text

    # === CONSTRAINTS ===

    @api.constrains("categ_id")
    def _check_family(self):
        """Statements know the family, and nothing below it."""
        root = self.env.ref("iaas_contract.product_category_iaas")
        for share in self:
            parent = share.categ_id.parent_id
            if parent != root and root in self._ancestors(parent):
                raise ValidationError(
                    self.env._(
                        "%(category)s is a part of a product family. A revenue share "
                        "is for a whole family, or for the contract.",
                        category=share.categ_id.display_name,
                    )
                )

    @api.constrains(
        "contract_id", "percent", "categ_id", "date_start", "date_end", "state"
    )
    def _check_sum(self):
        """Nobody is promised more than there is: on no day, of no family."""
        for contract in self.contract_id:
            # Sums over everybody's shares, whatever the user sees of them.
            shares = contract.sudo().revenue_share_ids.filtered(
                lambda share: share.state != "withdrawn"
            )
            for at in shares:
                for day in {at.date_start, *shares.mapped("date_start")}:
                    total = shares._sum_at(at.categ_id, day)
                    if total > 100:
                        raise ValidationError(
                            self.env._(
                                "%(contract)s: the revenue shares of %(what)s come to "
                                "%(total)s %%, which is more than there is. Lower one "
                                "of them, or let one end before the other begins.",
                                contract=contract.display_name,
                                what=at.categ_id.name or self.env._("all revenue"),
                                total=f"{total.normalize():f}",
                            )
                        )

    def _sum_at(self, categ, day):
        """The percentages that hold together of a family (none: of what no share
        names) on a day (none: before all days)."""
        families = self._ancestors(categ)
        with exact():
            return sum(
                (
                    share.percent
                    for share in self
                    if (not share.categ_id or share.categ_id in families)
                    and (not share.date_start or (day and share.date_start <= day))
                    and (not share.date_end or not day or day <= share.date_end)
                ),
                ZERO,
            )

    @api.model
    def _ancestors(self, categ):
        """The category and all above it."""
        path = categ.parent_path or ""
        return categ.browse(int(part) for part in path.split("/") if part)

    # === CRUD ===

    @api.model
    def _get_gated_fields(self):
        return super()._get_gated_fields() | {"state", "author_ids", "approved_by_id"}

    @api.model_create_multi
    def create(self, vals_list):
        shares = super().create(vals_list)
        shares.sudo().author_ids = self.env.user
        return shares

    def write(self, vals):
        agreed = AGREED_FIELDS & vals.keys()
        if agreed and not self.env.su:
            for share in self:
                share._check_change(vals)
            drafts = self.filtered(lambda share: share.state == "draft")
            # The record of who wrote it is nobody's to write.
            drafts.sudo().author_ids = [Command.link(self.env.uid)]
        return super().write(vals)

    def _check_change(self, vals):
        """What was approved stays; a manager may let it end, or end earlier."""
        changed = {
            name
            for name in AGREED_FIELDS & vals.keys()
            if self._changes(name, vals[name])
        }
        if not changed or self.state == "draft":
            return
        end = fields.Date.to_date(vals.get("date_end"))
        if changed == {"date_end"} and self.state == "approved":
            self._check_manager()
            if end and (not self.date_end or end < self.date_end):
                return
        raise UserError(
            self.env._(
                "%(share)s was approved and stays as it is. An operations manager may "
                "enter an earlier last day; for anything else, make a new share.",
                share=self.display_name,
            )
        )

    @api.ondelete(at_uninstall=False)
    def _unlink_if_draft(self):
        for share in self:
            if share.state != "draft":
                raise UserError(
                    self.env._(
                        "%(share)s was approved and stays on record. Enter a last day, "
                        "or withdraw it.",
                        share=share.display_name,
                    )
                )

    # === ACTIONS ===

    def action_approve(self):
        """Let the shares count from now on."""
        self._check_manager()
        for share in self:
            if share.state != "draft":
                continue
            if self.env.user in share.sudo().author_ids and not self.env.su:
                raise UserError(
                    self.env._(
                        "You wrote %(share)s: somebody else approves it.",
                        share=share.display_name,
                    )
                )
            share.sudo().write({"state": "approved", "approved_by_id": self.env.uid})

    def action_withdraw(self):
        """Let approved shares count for nothing."""
        self._check_manager()
        approved = self.filtered(lambda share: share.state == "approved")
        approved.sudo().state = "withdrawn"

    def _check_manager(self):
        self.check_access("write")
        if not self.env.su and not self.env.user.has_group(MANAGER):
            raise AccessError(
                self.env._(
                    "Only an operations manager approves, ends or withdraws a revenue "
                    "share."
                )
            )
