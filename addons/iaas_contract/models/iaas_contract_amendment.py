from datetime import timedelta

from odoo import Command, api, fields, models

from .iaas_contract import LIVE_STATES, UNSIGNED_STATES
from .iaas_contract_digest import (
    TERM_FIELDS,
    describe_changes,
    plain_price,
    terms_digest,
)
from .iaas_contract_transitions import TERMS_PENDING
from .iaas_contract_version import AMENDED_FIELDS, OPEN_STATES

# What the terms are made of besides plain fields.
TERM_LINES = {
    "line_ids",
    "clause_ids",
    "annex_ids",
    "price_ids",
    "obligation_ids",
    "term_months",
}
# Somebody relies on the terms as they were submitted.
RELIED_ON_STATES = ("review", "approval", "sent", "signed")


class IaasContract(models.Model):
    """Versions: what was agreed when, and how one agreement follows another."""

    _inherit = "iaas.contract"

    version_id = fields.Many2one(
        "iaas.contract.version",
        readonly=True,
        copy=False,
        help="The version in force, or the one approved to be signed.",
    )
    version_ids = fields.One2many(
        "iaas.contract.version", "contract_id", string="Versions"
    )
    version_count = fields.Integer(compute="_compute_version_count")
    clause_ids = fields.One2many(
        "iaas.contract.clause", "contract_id", string="Clauses", copy=True
    )

    @api.depends("version_ids")
    def _compute_version_count(self):
        counts = dict(
            self.env["iaas.contract.version"]._read_group(
                [("contract_id", "in", self.ids)], ["contract_id"], ["__count"]
            )
        )
        for contract in self:
            contract.version_count = counts.get(contract._origin, 0)

    # === CRUD ===

    @api.model
    def _get_gated_fields(self):
        return super()._get_gated_fields() | {"version_id"}

    @api.model_create_multi
    def create(self, vals_list):
        contracts = super(
            IaasContract, self.with_context(iaas_terms_pending=TERMS_PENDING)
        ).create(vals_list)
        contracts = contracts.with_env(self.env)
        contracts._note_author()
        return contracts

    def write(self, vals):
        terms = vals.keys() & {*TERM_FIELDS, *TERM_LINES}
        if not terms or self.env.context.get("iaas_terms_pending") is TERMS_PENDING:
            return super().write(vals)
        # The lines of one change are one change: it is followed once, at its end.
        pending = self.with_context(iaas_terms_pending=TERMS_PENDING)
        result = super(IaasContract, pending).write(vals)
        self._follow_terms()
        return result

    # === ACTIONS ===

    def action_amend(self):
        """Open a draft version with the terms as they are, to propose other ones."""
        self.ensure_one()
        self._check_state(set(LIVE_STATES), self.env._("amended"))
        self.check_access("write")
        version = self.version_ids.filtered(lambda v: v.state in OPEN_STATES)[:1]
        if not version:
            self._current_version()
            version = self.sudo()._new_version(
                state="draft",
                author_id=self.env.uid,
                base_digest=self._terms_digest(),
                date_effective=self._today() + timedelta(days=1),
            )
        return {
            "type": "ir.actions.act_window",
            "res_model": version._name,
            "res_id": version.id,
            "views": [(False, "form")],
        }

    def action_view_versions(self):
        """What was agreed when."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "iaas_contract.iaas_contract_version_action"
        )
        return action | {"domain": [("contract_id", "=", self.id)]}

    # === BUSINESS ===

    def _activate(self):
        result = super()._activate()
        for contract in self:
            contract._current_version()
        return result

    def _note_author(self):
        """Remember who wrote the terms: he or she does not judge them."""
        if not self.env.su:
            unknown = self.sudo().filtered(
                lambda contract: self.env.user not in contract.author_ids
            )
            unknown.author_ids = [Command.link(self.env.uid)]

    def _follow_terms(self):
        """After a change of terms: an approval of other terms is void, and what is
        in force gets a new version."""
        if self.env.context.get("iaas_terms_pending") is TERMS_PENDING:
            return
        self.filtered(lambda c: c.state in UNSIGNED_STATES)._note_author()
        for contract in self:
            submitted = contract.sudo().submitted_digest
            if contract.state in RELIED_ON_STATES and submitted:
                if contract._terms_digest() != submitted:
                    contract._void_approval()
            elif contract.state in LIVE_STATES and contract.version_id:
                if contract._terms_digest() != contract.version_id.sudo().digest:
                    contract._record_version("in_force")

    def _void_approval(self):
        """Back to draft: these are not the terms that were submitted."""
        self.sudo().action_draft()
        self.message_post(
            body=self.env._(
                "The terms changed after they were submitted. Review, approval and "
                "signature are void; submit the contract again."
            )
        )

    def action_draft(self):
        """A draft has no approved version."""
        result = super().action_draft()
        for contract in self.sudo():
            open_version = contract.version_id.filtered(
                lambda version: version.state in OPEN_STATES
            )
            open_version._leave("void")
            contract.version_id = False
        return result

    def _current_version(self):
        """The version in force of a contract in force, else the approved one."""
        self.ensure_one()
        version = self.sudo().version_id
        if self.state in UNSIGNED_STATES or version.state == "in_force":
            return version
        if version.state == "approved":
            version.write(
                {
                    "state": "in_force",
                    "signed_by": self.signed_by,
                    "signed_date": self.signed_date,
                }
            )
            # An amendment that follows at once meets the indexes of the database.
            version.flush_recordset(["state"])
            return version
        return self._record_version("in_force")

    def _version_on(self, day):
        """The version under which the contract was on a civil day: the last one that
        had come into force, else the first."""
        self.ensure_one()
        versions = (
            self.sudo()
            .version_ids.filtered(
                lambda version: version.state in ("in_force", "superseded")
            )
            .sorted(lambda version: (version.date_effective, version.number))
        )
        if not versions:
            return self._current_version()
        begun = versions.filtered(lambda version: version.date_effective <= day)
        return begun[-1:] or versions[0]

    def _record_version(self, state):
        """Keep the terms as they are now, as the version that follows the last."""
        self.ensure_one()
        contract = self.sudo()
        terms = contract._terms_data()
        last = (
            contract.version_id
            or contract.version_ids.filtered("terms").sorted("number")[-1:]
        )
        amends = contract.state in LIVE_STATES and last.state == "in_force"
        last.filtered(lambda v: v.state in ("approved", "in_force"))._leave(
            "superseded"
        )
        version = contract._new_version(
            state=state,
            author_id=self.env.uid,
            approved_by_id=self.env.uid,
            date_effective=contract._today() if amends else contract.date_start,
            terms=terms,
            digest=terms_digest(terms),
            summary=(
                describe_changes(self.env, last.terms, terms)
                if last.terms
                else self.env._("First version.")
            ),
        )
        contract.version_id = version
        return version

    def _new_version(self, **values):
        proposal = {
            name: self[name].id if self._fields[name].relational else self[name]
            for name in AMENDED_FIELDS
        }
        version = self.env["iaas.contract.version"].create(
            {
                "contract_id": self.id,
                "number": max(self.version_ids.mapped("number"), default=0) + 1,
                **proposal,
                "line_ids": [
                    Command.create(line._discount_values()) for line in self.line_ids
                ],
                "clause_ids": [
                    Command.create(clause._copy_values()) for clause in self.clause_ids
                ],
                "annex_ids": [
                    Command.create(annex._copy_values()) for annex in self.annex_ids
                ],
                **values,
            }
        )
        # What is agreed on already stands in its terms.
        if version.state == "draft":
            self.price_ids._copy_to_amendment(version)
        return version

    def _take_discounts(self, proposed, day):
        """Let the proposed discounts hold from ``day``, and the others until the day
        before: what was rated under them stays as it was."""
        self.ensure_one()
        wanted = {line._discount_key(): line for line in proposed}
        eve = day - timedelta(days=1)
        for line in self.line_ids:
            same = wanted.pop(line._discount_key(), None)
            if same:
                line.date_end = same.date_end
            elif line.date_start and line.date_start > eve:
                line.unlink()
            elif not line.date_end or line.date_end > eve:
                line.date_end = eve
        # The successors meet the exclusion constraints of the database.
        self.line_ids.flush_recordset()
        for line in wanted.values():
            start = max(day, line.date_start or day)
            if not line.date_end or line.date_end >= start:
                self.line_ids = [
                    Command.create(line._discount_values() | {"date_start": start})
                ]

    def _take_prices(self, proposed, day):
        """Let the proposed own prices hold from ``day``, and the others until the day
        before: what was rated at them stays as it was."""
        self.ensure_one()
        wanted = {_price_key(price): price for price in proposed}
        eve = day - timedelta(days=1)
        for price in self.price_ids:
            same = wanted.pop(_price_key(price), None)
            end = same.date_end if same else eve
            if same and end == price.date_end:
                continue
            if not same and price.date_start and price.date_start > eve:
                price.active = False
            elif not price.date_end or price.date_end > eve:
                price.date_end = max(end, eve) if end else end
        # The successors meet the exclusion constraint of the database.
        self.price_ids.flush_recordset()
        for price in wanted.values():
            start = max(day, price.date_start or day)
            if not price.date_end or price.date_end >= start:
                price.with_env(self.env).write({"active": True, "date_start": start})


def _price_key(price):
    """What makes two own prices the same, whoever holds them."""
    terms = plain_price(price)
    return terms_digest({name: terms[name] for name in terms if name != "date_end"})
