"""Which status of a framework contract may follow which, and who may bring it about.

This is the only place that says so: the actions of the contract go through it, and
the tests of the roles are generated from it.
"""

from typing import NamedTuple

from odoo import models
from odoo.exceptions import AccessError, UserError

SELLERS = ("sales_team.group_sale_salesman", "iaas_customer.group_iaas_ops_user")
REVIEWERS = ("sales_team.group_sale_manager", "iaas_customer.group_iaas_ops_user")
TERMINATORS = REVIEWERS
# Context value of ``iaas_terms_pending`` while the parts of one change of terms are
# written. No client can send this very object, so no client can skip what follows.
TERMS_PENDING = object()
# Brought about by the calendar or by another step, never by a person.
SYSTEM = ()


class Transition(NamedTuple):
    """``groups``: who may; ``obstacle``: the method of the contract that says in a
    text what stands in the way, for everyone."""

    groups: tuple
    obstacle: str = ""


TRANSITIONS = {
    ("draft", "review"): Transition(SELLERS),
    ("review", "draft"): Transition(SELLERS),
    ("review", "approval"): Transition(REVIEWERS, "_obstacle_own_terms"),
    ("approval", "draft"): Transition(SELLERS),
    ("approval", "sent"): Transition(SELLERS, "_obstacle_not_approved"),
    ("sent", "draft"): Transition(SELLERS),
    ("sent", "signed"): Transition(SELLERS, "_obstacle_not_approved"),
    ("signed", "draft"): Transition(SELLERS),
    ("signed", "active"): Transition(SELLERS, "_activation_obstacle"),
    ("active", "expiring"): Transition(SYSTEM),
    ("expiring", "active"): Transition(SYSTEM),
    ("active", "terminated"): Transition(TERMINATORS),
    ("expiring", "terminated"): Transition(TERMINATORS),
    ("active", "ended"): Transition(SYSTEM),
    ("expiring", "ended"): Transition(SYSTEM),
    ("active", "renewed"): Transition(SYSTEM),
    ("expiring", "renewed"): Transition(SYSTEM),
    ("ended", "renewed"): Transition(SYSTEM),
}


class IaasContract(models.Model):
    _inherit = "iaas.contract"

    def _set_life(self, **values):
        """Write gated fields after checking that the user may change the contract.

        The one way in which a status changes after the contract is made.
        """
        self.check_access("write")
        if "state" in values:
            self._check_transition(values["state"])
        # With the rights of the system, for these are the fields no client may set.
        # A step of its life is not an amendment of the terms.
        self.sudo().with_context(iaas_terms_pending=TERMS_PENDING).write(values)

    def _check_transition(self, target):
        """Refuse a change of status that the table does not hold for this user."""
        for contract in self:
            transition = TRANSITIONS.get((contract.state, target))
            if not transition:
                contract._check_state(
                    {start for start, end in TRANSITIONS if end == target},
                    self.env._("set to %(state)s", state=self._state_label(target)),
                )
            if not self.env.su and not self._has_any_group(transition.groups):
                raise AccessError(
                    self.env._(
                        "%(contract)s can be set from %(start)s to %(end)s by: "
                        "%(groups)s.",
                        contract=contract.display_name,
                        start=self._state_label(contract.state),
                        end=self._state_label(target),
                        groups=self._group_labels(transition.groups),
                    )
                )
            obstacle = transition.obstacle and getattr(contract, transition.obstacle)()
            if obstacle:
                raise UserError(obstacle)

    def _check_state(self, states, deed):
        for contract in self:
            if contract.state not in states:
                labels = dict(self._fields["state"]._description_selection(self.env))
                raise UserError(
                    self.env._(
                        "%(contract)s is in status %(state)s and cannot be %(deed)s. "
                        "That is possible from: %(states)s.",
                        contract=contract.display_name,
                        state=labels[contract.state],
                        deed=deed,
                        states=", ".join(
                            label for state, label in labels.items() if state in states
                        ),
                    )
                )

    def _state_label(self, state):
        return dict(self._fields["state"]._description_selection(self.env))[state]

    def _has_any_group(self, xml_ids):
        return any(self.env.user.has_group(xml_id) for xml_id in xml_ids)

    def _group_labels(self, xml_ids):
        if not xml_ids:
            return self.env._("the system, when it is due")
        groups = self.env["res.groups"].sudo()
        return ", ".join(groups.concat(*map(self.env.ref, xml_ids)).mapped("full_name"))
