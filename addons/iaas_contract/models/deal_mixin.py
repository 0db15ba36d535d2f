from decimal import Decimal

from odoo import api, fields, models


class IaasDealMixin(models.AbstractModel):
    """What belongs to an opportunity, to a framework contract, or to both once the
    opportunity has led to the contract."""

    _name = "iaas.deal.mixin"
    _description = "Part of a deal"
    _check_company_auto = True

    lead_id = fields.Many2one(
        "crm.lead",
        string="Opportunity",
        index="btree_not_null",
        ondelete="cascade",
        check_company=True,
    )
    contract_id = fields.Many2one(
        "iaas.contract",
        string="Framework Contract",
        index="btree_not_null",
        ondelete="cascade",
        check_company=True,
    )
    customer_id = fields.Many2one(
        "res.partner",
        compute="_compute_deal",
        store=True,
        precompute=True,
        index="btree_not_null",
    )
    company_id = fields.Many2one(
        "res.company",
        compute="_compute_deal",
        store=True,
        precompute=True,
        index=True,
    )
    currency_id = fields.Many2one("res.currency", compute="_compute_currency_id")

    _has_deal = models.Constraint(
        "CHECK (num_nonnulls(lead_id, contract_id) > 0)",
        "Choose the opportunity or the framework contract that this is about.",
    )

    # === COMPUTE ===

    @api.depends(
        "lead_id.partner_id.commercial_partner_id",
        "lead_id.company_id",
        "contract_id.partner_id",
        "contract_id.company_id",
    )
    def _compute_deal(self):
        for record in self:
            contract, lead = record.contract_id, record.lead_id
            record.customer_id = (
                contract.partner_id or lead.partner_id.commercial_partner_id
            )
            record.company_id = (
                contract.company_id
                or lead.company_id
                or record.company_id
                or self.env.company
            )

    @api.depends("contract_id.currency_id", "company_id")
    def _compute_currency_id(self):
        for record in self:
            company = record.company_id or self.env.company
            record.currency_id = record.contract_id.currency_id or company.currency_id

    # === CRUD ===

    @api.model_create_multi
    def create(self, vals_list):
        records = super().create(vals_list)
        records._link_deal()
        return records

    # === BUSINESS ===

    def _link_deal(self):
        """Show the record on both the opportunity and the contract made from it."""
        for record in self:
            contract = record.contract_id.sudo()
            if contract and not record.lead_id:
                record.lead_id = contract.opportunity_id
            elif record.lead_id and not contract:
                record.contract_id = record.lead_id.sudo().iaas_contract_ids[:1]

    def _deal_owner(self):
        """Who works on the deal."""
        self.ensure_one()
        return self.contract_id.user_id or self.lead_id.user_id or self.env.user

    def _list_amounts(self, lines, day):
        """What lines cost on a day before discount, in their regions and so on: the
        contract's own price, else the list price.

        :param lines: records with product, quantity and dimensions
        :return: list of Decimal, None where no price can tell
        """
        self.ensure_one()
        prices = (
            self.env["iaas.price"]
            .sudo()
            .with_company(self.company_id or self.env.company)
            ._find_each(
                {line: (line.product_id, line._get_dimensions()) for line in lines},
                day,
                self.contract_id.sudo() or None,
            )
        )
        return [self._price_amount(prices[line], line.quantity) for line in lines]

    def _price_amount(self, price, quantity):
        if not price:
            return None
        try:
            return price.compute_amount(quantity)
        except ValueError:
            # Prices by event say nothing about a quantity.
            return None

    def _unit_costs(self, products, day):
        """What a unit costs us, in the deal's currency: dict from product to Decimal.

        Products whose cost nobody knows are left out.
        """
        self.ensure_one()
        company = self.company_id or self.env.company
        costs = self.env["iaas.contract.review"]._get_unit_costs(products)
        return {
            product: self._in_deal_currency(cost, company.currency_id, day)
            for product, cost in costs.items()
        }

    def _in_deal_currency(self, amount, currency, day):
        self.ensure_one()
        company = self.company_id or self.env.company
        if not amount or currency == self.currency_id:
            return amount
        rate = currency._get_conversion_rate(currency, self.currency_id, company, day)
        return amount * Decimal(str(rate))

    def _agreed_discount(self, product, day):
        """The percentage that the contract grants on the product, as a Decimal."""
        self.ensure_one()
        contract = self.contract_id.sudo()
        if not contract or not product:
            return Decimal(0)
        return contract._get_discount(product, day).discount
