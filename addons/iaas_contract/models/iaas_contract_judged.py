from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from .iaas_contract_digest import terms_digest


class IaasContractJudged(models.AbstractModel):
    """Terms on which people decide: a contract before it is sent, an amendment."""

    _name = "iaas.contract.judged"
    _description = "Terms to Be Approved"

    pending_rule_ids = fields.Many2many(
        "iaas.contract.approval.rule",
        string="Still to Approve",
        compute="_compute_pending_rule_ids",
    )
    may_approve = fields.Boolean(compute="_compute_pending_rule_ids")

    def _compute_pending_rule_ids(self):
        for judged in self:
            waiting = judged._awaits_approval()
            rules = judged._pending_rules() if waiting else self._no_rules()
            judged.pending_rule_ids = rules
            judged.may_approve = (
                waiting
                and not judged._obstacle_own_terms()
                and bool(rules.filtered(lambda rule: rule._is_approver(self.env.user)))
            )

    # === CRUD ===

    @api.ondelete(at_uninstall=False)
    def _unlink_unless_judged(self):
        """A decision stays on record, and what it was about with it."""
        for judged in self.sudo():
            if judged.decision_ids:
                raise UserError(
                    self.env._(
                        "%(contract)s was reviewed or decided upon, so it stays on "
                        "record. Change the draft and submit it again, or archive it.",
                        contract=judged.display_name,
                    )
                )

    # === ACTIONS ===

    def action_approve(self):
        """Ask why the terms are approved, then approve them."""
        return self._open_decision("approved", self.env._("Approve"))

    def action_refuse(self):
        """Ask why the terms are refused, then refuse them."""
        return self._open_decision("refused", self.env._("Refuse"))

    def action_open_review(self):
        """Show what the decision is made from: margins, payments, catalogue."""
        self.ensure_one()
        return self.env["iaas.contract.review"]._open(self)

    def _open_decision(self, decision, title):
        self.ensure_one()
        return self.env["ir.actions.act_window"]._for_xml_id(
            "iaas_contract.iaas_contract_decide_action"
        ) | {
            "name": title,
            "context": {
                "default_res_model": self._name,
                "default_res_id": self.id,
                "default_decision": decision,
            },
        }

    # === BUSINESS ===

    def _no_rules(self):
        return self.env["iaas.contract.approval.rule"].sudo()

    def _judged_contract(self):
        raise NotImplementedError

    def _judged_terms(self):
        raise NotImplementedError

    def _authors(self):
        raise NotImplementedError

    def _awaits_approval(self):
        raise NotImplementedError

    def _settle(self, decision, reason):
        """Act on a decision: the terms are approved, or refused for a reason."""
        raise NotImplementedError

    def _breaches(self):
        """What in the terms is outside the guardrails, as texts."""
        self.ensure_one()
        return self.env["iaas.contract.review"]._get_breaches(self)

    def _approval_rules(self):
        """The rules that the terms come under, now."""
        self.ensure_one()
        return self._no_rules()._match(
            self._judged_contract().sudo(),
            self._judged_terms(),
            self._breaches(),
            list(self._own_price_rebates()),
        )

    def _own_price_rebates(self):
        """By how many percent own prices are at most below the list price, together
        with the discount on them: they give away what a discount would."""
        self.ensure_one()
        terms, contract = self.sudo(), self._judged_contract().sudo()
        today = max(contract.date_start, contract._today())
        lists = self.env["iaas.price"].sudo().with_company(contract.company_id)
        prices = terms.price_ids.filtered(
            lambda price: not price.date_end or price.date_end >= today
        )
        days = prices.grouped(lambda price: max(price.date_start or today, today))
        for day, group in days.items():
            found = lists._find_each(
                {price: (price.product_id, price._get_dimensions()) for price in group},
                day,
                contract,
                own=lists.browse(),
            )
            for price in group:
                rebate = found[price] and price._get_rebate(found[price])
                if rebate:
                    offer = terms.line_ids._pick(price.product_id, day, reached=bool)
                    yield 100 - (100 - rebate) * (100 - offer.discount) / 100

    def _pending_rules(self):
        """The rules that nobody approved these very terms under yet."""
        self.ensure_one()
        decided = (
            self.env["iaas.contract.decision"]
            .sudo()
            .search(
                [
                    ("contract_id", "=", self._judged_contract().id),
                    ("digest", "=", terms_digest(self._judged_terms())),
                    ("decision", "=", "approved"),
                ]
            )
        )
        return self._approval_rules() - decided.rule_id

    def _obstacle_own_terms(self):
        """Why the user may not judge these terms; empty if he or she may."""
        self.ensure_one()
        if not self.env.su and self.env.user in self._authors():
            return self.env._(
                "You wrote or submitted the terms of %(contract)s: somebody else has "
                "to review and approve them.",
                contract=self.display_name,
            )
        return ""

    def _decide(self, decision, reason):
        """Approve or refuse as the current user, who must be an approver."""
        self.ensure_one()
        self._judged_contract().check_access("read")
        if not self._awaits_approval():
            raise UserError(
                self.env._(
                    "%(contract)s does not wait for an approval.",
                    contract=self.display_name,
                )
            )
        obstacle = self._obstacle_own_terms()
        if obstacle:
            raise UserError(obstacle)
        pending = self._pending_rules()
        mine = pending.filtered(lambda rule: rule._is_approver(self.env.user))
        if not mine and not self.env.su:
            raise AccessError(
                self.env._(
                    "The terms of %(contract)s are approved by: %(approvers)s.",
                    contract=self.display_name,
                    approvers=", ".join(
                        [
                            *pending.group_ids.mapped("full_name"),
                            *pending.user_ids.mapped("name"),
                        ]
                    ),
                )
            )
        for rule in mine or pending:
            self._log_decision(decision, reason, rule)
        if decision == "refused" or not self._pending_rules():
            self._settle(decision, reason)

    def _log_decision(self, decision, reason, rule=None):
        self.ensure_one()
        self.env["iaas.contract.decision"].sudo().create(
            {
                "contract_id": self._judged_contract().id,
                "version_id": self.id if self._name != "iaas.contract" else False,
                "rule_id": rule.id if rule else False,
                "decision": decision,
                "user_id": self.env.uid,
                "reason": reason,
                "digest": terms_digest(self._judged_terms()),
            }
        )

    def _ask_approvers(self, activity_type):
        """Put the approval on the desk of one person for each rule."""
        self.ensure_one()
        for rule in self._pending_rules():
            users = rule.user_ids | rule.group_ids.all_user_ids
            users = users.filtered(
                lambda user: (
                    user.active
                    and not user.share
                    and self._judged_contract().company_id in user.company_ids
                )
            )
            users = (users - self._authors())[:1]
            self.activity_schedule(
                activity_type,
                note=rule.name,
                user_id=(users or self._judged_contract()._responsible()).id,
            )
