from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.iaas_contract.models.iaas_contract import IN_FORCE_STATES


class IaasTrial(models.Model):
    """Free trials, and whether those who tried went on to pay (R63)."""

    _name = "iaas.trial"
    _description = "Free Trial"
    _auto = False
    _order = "date_end desc, id desc"
    _rec_name = "contract_id"
    _depends = {
        "iaas.contract": [
            "partner_id",
            "company_id",
            "currency_id",
            "user_id",
            "state",
            "date_start",
            "date_end",
            "timezone",
            "renewal_of_id",
        ],
        "iaas.contract.line": [
            "contract_id",
            "is_trial",
            "product_id",
            "categ_id",
            "date_start",
            "date_end",
        ],
        "iaas.resource": [
            "contract_id",
            "product_id",
            "date_start",
            "date_end",
            "is_void",
            "active",
        ],
        "iaas.statement": ["contract_id", "state", "date_to", "move_id"],
        "iaas.statement.line": [
            "product_id",
            "contract_line_id",
            "charge_kind",
            "list_amount",
            "amount_exact",
            "amount",
            "segment_start",
            "segment_end",
        ],
        "account.move": ["payment_state"],
        "product.product": ["product_tmpl_id"],
        "product.template": ["categ_id"],
        "product.category": ["parent_path"],
        "res.partner": ["commercial_partner_id", "iaas_tier_id"],
    }

    contract_id = fields.Many2one("iaas.contract", readonly=True)
    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    tier_id = fields.Many2one("iaas.customer.tier", readonly=True)
    user_id = fields.Many2one("res.users", string="Owner", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    product_id = fields.Many2one(
        "product.product",
        readonly=True,
        help="What is free. Empty: a product family, or all services.",
    )
    family_id = fields.Many2one(
        "product.category",
        string="Product Family",
        readonly=True,
        help="The family of what is free. Empty: all services.",
    )
    family_hint = fields.Char(compute="_compute_family_hint")
    date_start = fields.Date(string="First Day", readonly=True)
    date_end = fields.Date(string="Last Day", readonly=True)
    trial_count = fields.Integer(string="Trials", readonly=True)
    over_count = fields.Integer(
        string="Over", readonly=True, help="Trials of which the outcome is known."
    )
    days = fields.Integer(readonly=True, aggregator="avg")
    days_left = fields.Integer(readonly=True, aggregator=None)
    state = fields.Selection(
        [
            ("planned", "Planned"),
            ("running", "Running"),
            ("converted", "Converted"),
            ("lapsed", "Lapsed"),
            ("early", "Ended early"),
            ("unused", "Never used"),
        ],
        string="Status",
        readonly=True,
        help="Converted: what was tried is rented on the day after the trial, or was "
        "charged later. Lapsed: it was rented up to the last day and then no more. "
        "Ended early: the customer stopped before the last day.",
    )
    date_converted = fields.Date(
        string="Paying From",
        readonly=True,
        help="The first day after the trial on which the services were rented.",
    )
    conversion = fields.Float(
        string="Conversion Rate",
        readonly=True,
        aggregator="avg",
        digits=(5, 2),
        help="The share of the trials that are over after which the customer went on.",
    )
    amount_free = fields.Monetary(
        string="Given Free",
        readonly=True,
        help="What posted statements would have charged by their list amounts, before "
        "tax.",
    )
    statement_id = fields.Many2one(
        "iaas.statement",
        string="First Statement",
        readonly=True,
        help="The first posted statement that charges what was tried.",
    )
    amount_first = fields.Monetary(
        string="First Charge",
        readonly=True,
        help="What that statement charges for what was tried, before tax.",
    )
    payment_state = fields.Selection(
        selection=lambda self: (
            self.env["account.move"]
            ._fields["payment_state"]
            ._description_selection(self.env)
        ),
        string="First Payment",
        readonly=True,
        help="Whether the invoice of that statement is paid.",
    )

    @api.depends("family_id")
    def _compute_family_hint(self):
        for trial in self:
            trial.family_hint = not trial.family_id and self.env._("All services")

    @property
    def _table_query(self):
        return SQL(
            """
            WITH trial AS (%(trial)s),
                 rented AS (%(rented)s),
                 given AS (%(given)s),
                 charged AS (%(charged)s),
                 judged AS (%(judged)s)
            SELECT judged.*, 1 AS trial_count,
                   CASE WHEN state = 'running' THEN date_end - today END AS days_left,
                   CASE WHEN state = 'converted'
                        THEN CASE WHEN goes_on THEN date_end + 1 ELSE first_day END
                   END AS date_converted,
                   (state NOT IN ('planned', 'running'))::int AS over_count,
                   CASE WHEN state = 'converted' THEN 1
                        WHEN state IN ('lapsed', 'early', 'unused') THEN 0
                   END AS conversion
              FROM judged
            """,
            trial=self._query_trial(fields.Datetime.now()),
            rented=self._query_rented(),
            given=self._query_given(),
            charged=self._query_charged(),
            judged=self._query_judged(),
        )

    def _query_trial(self, now):
        """The trials of contracts that were signed, with today's date where the
        contract is, and the family right below the root of all families."""
        root_id = self.env["ir.model.data"]._xmlid_to_res_id(
            "iaas_contract.product_category_iaas"
        )
        return SQL(
            """
            SELECT line.id, line.contract_id, line.product_id,
                   line.categ_id IS NULL AND line.product_id IS NULL AS is_full,
                   own.parent_path AS categ_path,
                   CASE WHEN family.at < cardinality(family.path)
                        THEN family.path[family.at + 1]
                        ELSE COALESCE(own.id, categ.id)
                   END AS family_id,
                   GREATEST(line.date_start, contract.date_start) AS date_start,
                   line.date_end,
                   LEAST(line.date_end, contract.date_end) AS last_day,
                   contract.partner_id, owner.iaas_tier_id AS tier_id,
                   contract.user_id, contract.company_id, contract.currency_id,
                   (%(now)s::timestamp AT TIME ZONE 'UTC'
                    AT TIME ZONE contract.timezone)::date AS today
              FROM iaas_contract_line line
              JOIN iaas_contract contract ON contract.id = line.contract_id
              JOIN res_partner customer ON customer.id = contract.partner_id
              JOIN res_partner owner ON owner.id = customer.commercial_partner_id
              LEFT JOIN product_category own ON own.id = line.categ_id
              LEFT JOIN product_product product ON product.id = line.product_id
              LEFT JOIN product_template template
                     ON template.id = product.product_tmpl_id
              LEFT JOIN product_category categ ON categ.id = template.categ_id
             CROSS JOIN LATERAL (
                   SELECT path, array_position(path, %(root)s::text) AS at
                     FROM (SELECT string_to_array(rtrim(
                               COALESCE(own.parent_path, categ.parent_path), '/'), '/')
                               AS path) AS split
                   ) AS found
             CROSS JOIN LATERAL (
                   SELECT found.path::int[] AS path, found.at AS at
                   ) AS family
             WHERE line.is_trial AND contract.state = ANY(%(states)s)
               AND line.date_end >= GREATEST(line.date_start, contract.date_start)
            """,
            now=now,
            root=str(root_id),
            states=["signed", *IN_FORCE_STATES],
        )

    def _query_rented(self):
        """Until when what the trial is for was rented, and whether it still was on
        the day after: under the contract, or the one that renews it. What has no last
        day of its own is rented as long as its contract was in force."""
        return SQL(
            """
            SELECT trial.id,
                   MAX(rent.last_day)
                   FILTER (WHERE resource.date_start <= trial.date_end) AS used_until,
                   BOOL_OR(resource.date_start <= trial.date_end + 1
                           AND rent.last_day > trial.date_end) AS goes_on
              FROM trial
              JOIN iaas_contract holder
                ON holder.id = trial.contract_id
                OR holder.renewal_of_id = trial.contract_id
              JOIN iaas_resource resource ON resource.contract_id = holder.id
             CROSS JOIN LATERAL (
                   SELECT LEAST(COALESCE(resource.date_end, 'infinity'),
                                CASE WHEN holder.state IN ('ended', 'terminated')
                                     THEN holder.date_end END) AS last_day
                   ) rent
              %(product)s
             WHERE resource.active AND resource.is_void IS NOT TRUE
             GROUP BY trial.id
            """,
            product=self._join_tried("resource"),
        )

    def _join_tried(self, alias):
        """Joins that leave of the rows those with products that the trial is for."""
        return SQL(
            """
              JOIN product_product product ON product.id = %(alias)s.product_id
              JOIN product_template template ON template.id = product.product_tmpl_id
              JOIN product_category categ ON categ.id = template.categ_id
               AND (trial.is_full OR trial.product_id = product.id
                    OR categ.parent_path LIKE trial.categ_path || '%%')
            """,
            alias=SQL.identifier(alias),
        )

    def _query_given(self):
        return SQL(
            """
            SELECT line.contract_line_id AS id,
                   SUM(line.list_amount - line.amount_exact) AS amount
              FROM trial
              JOIN iaas_statement_line line ON line.contract_line_id = trial.id
              JOIN iaas_statement statement ON statement.id = line.statement_id
             WHERE statement.state = 'posted'
             GROUP BY line.contract_line_id
            """
        )

    def _query_charged(self):
        """The first posted statement that charges what was tried, for later days."""
        return SQL(
            """
            SELECT DISTINCT ON (trial.id) trial.id, statement.id AS statement_id,
                   move.payment_state, SUM(line.amount) AS amount,
                   GREATEST(MIN(line.segment_start), trial.date_end + 1) AS first_day
              FROM trial
              JOIN iaas_contract holder
                ON holder.id = trial.contract_id
                OR holder.renewal_of_id = trial.contract_id
              JOIN iaas_statement statement ON statement.contract_id = holder.id
              JOIN iaas_statement_line line ON line.statement_id = statement.id
              %(product)s
              LEFT JOIN account_move move ON move.id = statement.move_id
             WHERE statement.state = 'posted' AND line.amount > 0
               AND line.segment_end > trial.date_end
               AND line.charge_kind IN ('recurring', 'one_time', 'usage')
             GROUP BY trial.id, trial.date_end, statement.id, move.payment_state
             ORDER BY trial.id, statement.date_to, statement.id
            """,
            product=self._join_tried("line"),
        )

    def _query_judged(self):
        return SQL(
            """
            SELECT trial.id, trial.contract_id, trial.product_id, trial.family_id,
                   trial.date_start, trial.date_end, trial.partner_id, trial.tier_id,
                   trial.user_id, trial.company_id, trial.currency_id, trial.today,
                   trial.date_end - trial.date_start + 1 AS days,
                   rented.goes_on, charged.first_day, charged.statement_id,
                   charged.amount AS amount_first, charged.payment_state,
                   COALESCE(given.amount, 0) AS amount_free,
                   CASE WHEN today < trial.date_start THEN 'planned'
                        WHEN today <= trial.last_day
                             AND COALESCE(rented.used_until, 'infinity') >= today
                        THEN 'running'
                        WHEN today > trial.date_end
                             AND (rented.goes_on OR charged.id IS NOT NULL)
                        THEN 'converted'
                        WHEN rented.used_until IS NULL THEN 'unused'
                        WHEN rented.used_until < trial.date_end THEN 'early'
                        ELSE 'lapsed'
                   END AS state
              FROM trial
              LEFT JOIN rented ON rented.id = trial.id
              LEFT JOIN given ON given.id = trial.id
              LEFT JOIN charged ON charged.id = trial.id
            """
        )

    def action_open_contract(self):
        """Open the contract that grants the trial."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "iaas.contract",
            "res_id": self.contract_id.id,
            "view_mode": "form",
        }

    def action_view_lines(self):
        """What statements would have charged for the days of the trial."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "iaas_billing.iaas_statement_line_action_revenue"
        )
        return action | {
            "name": self.env._("Given Free"),
            "view_mode": "list,pivot",
            "views": [(False, "list"), (False, "pivot")],
            "domain": [("contract_line_id", "=", self.id)],
            "context": {"search_default_group_family": 1},
        }
