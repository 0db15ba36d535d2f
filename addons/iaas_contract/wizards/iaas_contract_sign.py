from odoo import fields, models
from odoo.exceptions import ValidationError


class IaasContractSign(models.TransientModel):
    _name = "iaas.contract.sign"
    _description = "Record the Signature of a Contract"

    contract_id = fields.Many2one("iaas.contract", required=True, readonly=True)
    signed_by = fields.Char(
        string="Signatory", required=True, help="Who signed for the customer."
    )
    signed_date = fields.Date(
        string="Signed On", required=True, default=fields.Date.context_today
    )
    scan = fields.Binary(string="Signed Copy", attachment=False)
    scan_name = fields.Char()

    def action_sign(self):
        """Record the signature and keep the signed copy with the contract."""
        self.ensure_one()
        contract = self.contract_id
        if self.signed_date > contract._today():
            raise ValidationError(
                self.env._("The day of signature cannot be in the future.")
            )
        contract._sign(self.signed_by, self.signed_date)
        if self.scan:
            attachment = self.env["ir.attachment"].create(
                {
                    "name": self.scan_name,
                    "datas": self.scan,
                    "res_model": contract._name,
                    "res_id": contract.id,
                }
            )
            contract.message_post(
                body=self.env._("Signed copy"), attachment_ids=attachment.ids
            )
        return {"type": "ir.actions.act_window_close"}
