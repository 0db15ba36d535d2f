"""Framework contracts: running, expiring, ended, drafts, awaiting signature."""

import random
from datetime import date, timedelta
from decimal import Decimal

from odoo.fields import Command

from .plan import desk
from .session import LONG_AGO, batches, quiet

BATCH = 200
IN_FORCE = ("running", "ended")
# Days from the first draft of a contract to its first day.
PREPARATION_DAYS = 45
# Days from today until a renewal should be signed: one in three is overdue.
RENEWAL_DEADLINES = (-9, 8, 17)


def create(env, plan, partners, catalogue):
    """Create, send and sign the contracts of the plan; return them by customer."""
    terms = _payment_terms(env)
    families = {
        family: env.ref(f"iaas_contract.product_category_iaas_{family}").id
        for family in {product.family for product in plan.products.values()} - {"iaas"}
    }
    families[""] = env.ref("iaas_contract.product_category_iaas").id
    contracts, advances = {}, desk.advances(plan)
    Contract = quiet(env["iaas.contract"])
    for batch in batches(plan.agreements, BATCH):
        created = Contract.create(
            [
                _values(agreement, partners, catalogue, terms, families)
                | _timing(advances.get(agreement.customer))
                for agreement in batch
            ]
        )
        contracts.update(
            (agreement.customer, contract)
            for agreement, contract in zip(batch, created, strict=True)
        )
    _advance(env, plan, contracts)
    return contracts


def _payment_terms(env):
    return {
        days: env.ref(f"account.account_payment_term_{days}days").id
        for days in (15, 30, 45)
    }


def _values(agreement, partners, catalogue, terms, families):
    return {
        "title": agreement.title,
        "partner_id": partners[agreement.customer].id,
        "date_opened": _opened(agreement),
        "date_start": agreement.start,
        "date_end": agreement.end,
        "cycle": agreement.cycle,
        "anchor_day": agreement.anchor_day,
        "timezone": partners[agreement.customer].tz,
        "settlement_mode": agreement.settlement,
        "payment_term_id": terms[agreement.payment_days],
        "catalogue_id": catalogue.id,
        "signature_deadline": agreement.signature_deadline,
        "line_ids": [
            Command.create({"categ_id": families[family], "discount": Decimal(percent)})
            for family, percent in agreement.discounts.items()
        ],
    }


def _timing(advance):
    """When fees are due, where it is not after the service."""
    if not advance:
        return {}
    timing, percent = advance
    return {"billing_timing": timing, "advance_percent": Decimal(percent)}


def _opened(agreement):
    """The day of the first draft: those not in force yet are drafted today."""
    if agreement.stage in IN_FORCE:
        return agreement.start - timedelta(days=PREPARATION_DAYS)
    return date.today()


def _advance(env, plan, contracts):
    """Send and sign through the contract's own steps."""
    # Found only once Odoo knows its addons path.
    from odoo.addons.iaas_contract.models.iaas_contract_signing import WITHOUT_DOCUMENT

    by_stage = {}
    for agreement in plan.agreements:
        by_stage.setdefault(agreement.stage, []).append(agreement)
    for stage in ("sent", "overdue"):
        for agreement in by_stage.get(stage, []):
            contracts[agreement.customer].action_send()
    customers = {customer.index: customer for customer in plan.customers}
    for stage in IN_FORCE:
        for agreement in by_stage.get(stage, []):
            contract = contracts[agreement.customer].with_context(**LONG_AGO)
            rng = random.Random(f"{plan.seed}:signature:{agreement.customer}")
            signed = agreement.start - timedelta(days=rng.randrange(3, 40))
            contract.signature_deadline = signed + timedelta(days=rng.randrange(10))
            # They were signed on paper, long before there was this system.
            contract.with_context(iaas_without_document=WITHOUT_DOCUMENT).action_send()
            contract._sign(_signatory(customers[agreement.customer]), signed)
            _date_stages(contract, signed)


def _date_stages(contract, signed):
    """Put the stages of a contract signed long ago where they were in its time."""
    for stage in contract.stage_ids:
        if stage.stage == "active":
            stage.date_actual = max(signed, contract.date_start)
        elif stage.stage != "signed":
            stage.date_actual = min(stage.date_planned, signed)


def _signatory(customer):
    """Who signs: the decision maker, else whoever is known."""
    for contact in customer.contacts:
        if "decision_maker" in contact.roles:
            return contact.name
    return customer.contacts[0].name


def follow_terms(env, plan, contracts):
    """Bring every contract to where it stands today, and offer the renewals."""
    signed = env["iaas.contract"].concat(*contracts.values())
    signed.filtered(lambda c: c.state in ("signed", "active"))._follow_term()
    expiring = signed.filtered(lambda contract: contract.state == "expiring")
    today = plan.window.today
    worth = {
        contract: plan.expected.get(customer, 0)
        for customer, contract in contracts.items()
    }
    largest_first = expiring.sorted(lambda contract: -worth[contract])
    renewals = quiet(largest_first.renewed_by_id)[::2]
    for place, renewal in enumerate(renewals):
        renewal.signature_deadline = today + timedelta(
            days=RENEWAL_DEADLINES[place % len(RENEWAL_DEADLINES)]
        )
        renewal.action_send()
    return f"{len(expiring)} expiring, {len(renewals)} renewals sent"
