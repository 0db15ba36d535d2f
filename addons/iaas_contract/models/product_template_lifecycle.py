from odoo import api, fields, models
from odoo.fields import Domain

LIFECYCLES = [
    ("beta", "Beta"),
    ("on_sale", "On Sale"),
    ("retiring", "Retiring"),
    ("ended", "Ended"),
]


class ProductTemplate(models.Model):
    """From the first trial of a service to its end (R59)."""

    _inherit = "product.template"

    iaas_on_sale_date = fields.Date(
        string="On Sale From",
        tracking=True,
        help="First day of general sale. Before it the service is in beta: it can "
        "be ordered only under a contract whose catalogue names it. Empty: on sale.",
    )
    iaas_retiring_date = fields.Date(
        string="Last Order Day",
        tracking=True,
        help="Last day on which the service can be ordered. What runs goes on.",
    )
    iaas_ended_date = fields.Date(
        string="Last Day of Service",
        tracking=True,
        help="Last day on which the service is provided.",
    )
    iaas_lifecycle = fields.Selection(
        LIFECYCLES,
        string="Life Cycle",
        compute="_compute_iaas_lifecycle",
        search="_search_iaas_lifecycle",
    )
    iaas_affected_contract_count = fields.Integer(
        string="Contracts Affected",
        compute="_compute_iaas_affected",
        compute_sudo=True,
        help="Contracts under which the service runs today or later.",
    )
    iaas_affected_customer_count = fields.Integer(
        string="Customers Affected", compute="_compute_iaas_affected", compute_sudo=True
    )

    _iaas_lifecycle_order = models.Constraint(
        "CHECK (iaas_on_sale_date <= iaas_retiring_date AND "
        "COALESCE(iaas_retiring_date, iaas_on_sale_date) <= iaas_ended_date)",
        "A service goes on sale, then takes its last order, then ends: put the dates "
        "in this order.",
    )

    @api.depends("iaas_on_sale_date", "iaas_retiring_date", "iaas_ended_date")
    @api.depends_context("tz")
    def _compute_iaas_lifecycle(self):
        today = fields.Date.context_today(self)
        for template in self:
            template.iaas_lifecycle = template._get_iaas_lifecycle(today)

    def _get_iaas_lifecycle(self, day):
        """Where the service stands in its life on a civil day."""
        self.ensure_one()
        if self.iaas_ended_date and self.iaas_ended_date < day:
            return "ended"
        if self.iaas_retiring_date and self.iaas_retiring_date < day:
            return "retiring"
        if self.iaas_on_sale_date and self.iaas_on_sale_date > day:
            return "beta"
        return "on_sale"

    @api.model
    def _search_iaas_lifecycle(self, operator, value):
        if operator != "in":
            return NotImplemented
        today = fields.Date.context_today(self)
        ended = Domain("iaas_ended_date", "<", today)
        retiring = Domain("iaas_retiring_date", "<", today) & ~ended
        beta = Domain("iaas_on_sale_date", ">", today)
        domains = {
            "beta": beta,
            "on_sale": ~beta & ~retiring & ~ended,
            "retiring": retiring,
            "ended": ended,
        }
        return Domain.OR(domains[state] for state in value if state in domains)

    def _compute_iaas_affected(self):
        for template in self:
            contracts, customers = template._get_iaas_affected()
            template.iaas_affected_contract_count = len(contracts)
            template.iaas_affected_customer_count = len(customers)

    def _get_iaas_affected(self):
        """The contracts and the customers with resources that run the service today
        or later."""
        today = fields.Date.context_today(self)
        rows = self.env["iaas.resource"]._read_group(
            Domain("product_id", "in", self.product_variant_ids.ids)
            & (Domain("date_end", "=", False) | Domain("date_end", ">=", today)),
            aggregates=["contract_id:recordset", "partner_id:recordset"],
        )
        return rows[0]

    def action_view_iaas_affected_contracts(self):
        """The contracts under which the service runs."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "iaas_contract.iaas_contract_action"
        )
        contracts, _customers = self._get_iaas_affected()
        return action | {"domain": [("id", "in", contracts.ids)], "context": {}}

    def action_view_iaas_affected_customers(self):
        """The customers that rent the service."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "iaas_customer.res_partner_action"
        )
        _contracts, customers = self._get_iaas_affected()
        return action | {"domain": [("id", "in", customers.ids)], "context": {}}
