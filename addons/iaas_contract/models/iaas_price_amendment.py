from odoo import api, fields, models
from odoo.exceptions import UserError


class IaasPrice(models.Model):
    """Own prices that an amendment proposes: archived until it comes into force."""

    _inherit = "iaas.price"

    amendment_id = fields.Many2one(
        "iaas.contract.version",
        readonly=True,
        index="btree_not_null",
        ondelete="cascade",
        copy=False,
        check_company=True,
        help="The amendment of the contract that proposed this price.",
    )

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            version = self.env["iaas.contract.version"].browse(
                vals.get("amendment_id", False)
            )
            if version:
                vals.update(active=False, contract_id=version.contract_id.id)
        return super().create(vals_list)

    def write(self, vals):
        fixed = {"amendment_id", "active", "contract_id"} & vals.keys()
        if fixed and not self.env.su:
            for price in self:
                moved = (
                    "amendment_id" in vals
                    and (vals["amendment_id"] or False) != price.amendment_id.id
                )
                if moved or (
                    price._is_proposed()
                    and any(price._changes_value(name, vals[name]) for name in fixed)
                ):
                    raise UserError(
                        self.env._(
                            "%(price)s was proposed by %(version)s and comes into "
                            "force with it, not by hand.",
                            price=price.display_name,
                            version=price.amendment_id.display_name or "–",
                        )
                    )
        return super().write(vals)

    def _changes_value(self, name, value):
        field = self._fields[name]
        return field.convert_to_write(self[name], self) != (value or False)

    def _is_proposed(self):
        self.ensure_one()
        return bool(self.amendment_id) and not self.active

    def _check_contract_amendable(self):
        """What is proposed changes with its amendment, as long as that is a draft."""
        proposed = self.filtered(lambda price: price._is_proposed())
        proposed.amendment_id._check_open()
        if not self.env.su:
            proposed.amendment_id._note_writer()
        return super(IaasPrice, self - proposed)._check_contract_amendable()

    def _copy_to_amendment(self, version):
        """The same prices, for the amendment to change."""
        for price in self.with_context(tracking_disable=True):
            price.copy(
                {
                    "amendment_id": version.id,
                    "date_start": price.date_start,
                    "date_end": price.date_end,
                }
            )
