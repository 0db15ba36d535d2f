from odoo import fields, models


class IaasContractDispatch(models.Model):
    """A contract on its way: what went to the customer or came back, when and how."""

    _name = "iaas.contract.dispatch"
    _description = "Contract Dispatch"
    _order = "date desc, id desc"
    _rec_name = "tracking_number"

    contract_id = fields.Many2one(
        "iaas.contract", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        related="contract_id.company_id", store=True, index=True, precompute=True
    )
    date = fields.Date(required=True, default=fields.Date.context_today)
    direction = fields.Selection(
        [("sent", "Sent"), ("received", "Received")], required=True, default="sent"
    )
    medium = fields.Selection(
        [
            ("courier", "Courier"),
            ("post", "Post"),
            ("hand", "By hand"),
            ("email", "E-mail"),
        ],
        required=True,
        default="courier",
    )
    tracking_number = fields.Char()
    person = fields.Char(help="Who it went to or came from at the customer.")
    user_id = fields.Many2one(
        "res.users",
        string="Recorded By",
        required=True,
        readonly=True,
        default=lambda self: self.env.user,
    )
    note = fields.Char()
