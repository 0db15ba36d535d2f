"""What sales works on: opportunities, who is for and against, competitors, estimates,
negotiations, and contracts that wait for a review or an approval."""

import base64
import io
import random
from datetime import timedelta
from decimal import Decimal

from odoo.fields import Command

from .company import IDENTITY, user
from .plan.calendar import add_months
from .plan.deals import (
    CLAUSES,
    COMPETITORS,
    DELAYS,
    MOVES,
    NEW_PRICES,
    OBJECTIONS,
    OBLIGATIONS,
    OPENINGS,
)
from .plan.desk import ANNEXES
from .session import quiet

LEADS = 36
LARGE_CONTRACTS = 24
# Of an estimate or a negotiation: product, and the share of the deal in its units.
BASKET = (("ecs-g4", 1200), ("evs-ssd", 4000), ("net-out", 2500))
# A discount that no salesperson may grant alone.
DEEP_DISCOUNT = 28


def create(env, plan, partners, contracts, products):
    """Fill the desks of sales; return what there is now, for the list of steps."""
    floors(products)
    competitors = env["iaas.competitor"].create(
        [
            {"name": name, "website": site, "strengths": strong, "weaknesses": weak}
            for name, site, strong, weak in COMPETITORS
        ]
    )
    largest = _largest(env, plan, contracts)
    annexes = _annexes()
    for place, contract in enumerate(largest):
        _agree(contract, plan.window.today, annexes if place % 3 == 0 else [])
    leads = _open_leads(env, plan, partners)
    for place, deal in enumerate([*leads, *largest[:8]]):
        rng = random.Random(f"{plan.seed}:deal:{place}")
        _stake(rng, deal, plan.window.today)
        if place % 2 == 0:
            _compete(rng, deal, competitors, products, plan)
        if place % 4 == 0:
            _negotiate(rng, deal, products, plan)
        if deal._name == "crm.lead" and place % 3 == 0:
            _estimate(rng, deal, products)
    waiting = _submit_drafts(plan, contracts)
    _explain_delays(env, plan.window.today)
    _propose_prices(env, plan, products)
    return f"{len(leads)} opportunities, {waiting} contracts in review or approval"


def floors(products):
    """The lowest price at which each service may be sold without a question."""
    for product in products.values():
        price = product.env["iaas.price"].search(
            [("product_id", "=", product.id), ("contract_id", "=", False)], limit=1
        )
        if price.unit_price:
            product.iaas_floor_price = (price.unit_price * Decimal("0.74")).quantize(
                Decimal("0.000001")
            )


def _largest(env, plan, contracts):
    running = [
        agreement.customer
        for agreement in plan.agreements
        if agreement.stage == "running"
    ]
    running.sort(key=lambda customer: -plan.expected.get(customer, 0))
    return [contracts[customer] for customer in running[:LARGE_CONTRACTS]]


def _annexes():
    """Files that are part of what is agreed."""
    # Found only once Odoo knows its packages.
    from reportlab.pdfgen.canvas import Canvas

    values = []
    for name, about in ANNEXES:
        content = io.BytesIO()
        page = Canvas(content, invariant=True)
        for size, height, text in (
            (22, 740, name),
            (12, 700, about),
            (10, 60, IDENTITY["name"]),
        ):
            page.setFont("Helvetica", size)
            page.drawString(72, height, text)
        page.save()
        values.append(
            {
                "name": name,
                "description": about,
                "file": base64.b64encode(content.getvalue()),
                "file_name": f"{name}.pdf",
            }
        )
    return values


def _agree(contract, today, annexes):
    """What both sides undertake, the clauses and annexes of a large contract."""
    contract = quiet(contract)
    day = max(contract.date_start, today - timedelta(days=200))
    # One change of terms, so one version.
    contract.write(
        {
            "obligation_ids": [
                Command.create(
                    {
                        "name": name,
                        "side": side,
                        "user_id": contract.user_id.id,
                        "date_deadline": day + timedelta(days=after),
                    }
                )
                for name, side, after in OBLIGATIONS
            ],
            "service_level": "99.95 % a month",
            "notice_days": 60,
            "clause_ids": [
                Command.create({"name": name, "text": text}) for name, text in CLAUSES
            ],
            "annex_ids": [Command.create(values) for values in annexes],
        }
    )
    # The first years' reports are done; the rest is still to come, or late.
    done = contract.obligation_ids.filtered(
        lambda obligation: obligation.date_deadline < today - timedelta(days=30)
    )
    done.action_done()


def _open_leads(env, plan, partners):
    """Opportunities at customers, the largest first, spread over the pipeline."""
    stages = env["crm.stage"].search([("is_won", "=", False)])
    order = sorted(plan.customers, key=lambda c: -plan.expected.get(c.index, 0))
    chosen = order[:12] + order[12 :: max(1, len(order) // (LEADS - 12))]
    leads = quiet(env["crm.lead"])
    for place, customer in enumerate(chosen[:LEADS]):
        partner = partners[customer.index]
        rng = random.Random(f"{plan.seed}:lead:{customer.index}")
        yearly = plan.expected.get(customer.index) or rng.randrange(4_000, 40_000)
        leads += leads.create(
            {
                "type": "opportunity",
                "name": f"{partner.name}: {rng.choice(OPENINGS)}",
                "partner_id": partner.id,
                "user_id": partner.user_id.id,
                "stage_id": stages[place % len(stages)].id,
                "expected_revenue": round(float(yearly) * rng.uniform(0.1, 0.5), -2),
                "date_deadline": plan.window.today
                + timedelta(days=rng.randrange(10, 120)),
            }
        )
    return leads


def _deal_of(deal):
    link = "lead_id" if deal._name == "crm.lead" else "contract_id"
    return {link: deal.id}


def _stake(rng, deal, today):
    people = deal.partner_id.child_ids.filtered(lambda child: not child.is_company)
    values = []
    for place, person in enumerate(people[:4]):
        against = place == 1 or rng.random() < 0.15
        department, objection, answer = rng.choice(OBJECTIONS)
        values.append(
            {
                **_deal_of(deal),
                "partner_id": person.id,
                "department": department if against else "management",
                "role_id": person.iaas_contact_role_ids[:1].id,
                "stance": "against" if against else rng.choice(("for", "neutral")),
                "objection": objection if against else False,
                "plan": answer if against and rng.random() < 0.7 else False,
                "is_handled": against and rng.random() < 0.3,
                "user_id": deal.user_id.id,
                "date_deadline": today + timedelta(days=rng.randrange(2, 21)),
            }
        )
    quiet(deal.env["iaas.stakeholder"]).create(values)


def _compete(rng, deal, competitors, products, plan):
    offers = deal.env["iaas.competitor.offer"]
    code, quantity = BASKET[0]
    ours = plan.products[code].month_price()
    quiet(offers).create(
        {
            **_deal_of(deal),
            "competitor_id": rng.choice(competitors).id,
            "date": plan.window.today - timedelta(days=rng.randrange(3, 60)),
            "source": rng.choice(("Customer's comparison", "Public price list")),
            "user_id": deal.user_id.id,
            "line_ids": [
                Command.create(
                    {
                        "product_id": products[code].id,
                        "quantity": quantity,
                        "competitor_price": (
                            ours * Decimal(str(round(rng.uniform(0.82, 1.12), 2)))
                        ).quantize(Decimal("0.000001")),
                    }
                )
            ],
        }
    )


def _negotiate(rng, deal, products, plan):
    pack = quiet(deal.env["iaas.negotiation"]).create(
        {
            **_deal_of(deal),
            "user_id": deal.user_id.id,
            "line_ids": [
                Command.create(
                    {
                        "product_id": products[code].id,
                        "quantity": quantity,
                        "target_discount": rng.randrange(5, 16),
                    }
                )
                for code, quantity in BASKET
            ],
        }
    )
    moves = deal.env["iaas.negotiation.move"].create(
        [
            {
                "negotiation_id": pack.id,
                "date": plan.window.today - timedelta(days=30 - 5 * place),
                "direction": direction,
                "kind": kind,
                "discount": discount,
                "description": description,
                "value": value,
            }
            for place, (direction, kind, discount, description, value) in enumerate(
                MOVES
            )
        ]
    )
    moves[:2].action_grant()


def _estimate(rng, lead, products):
    months = rng.choice((12, 24, 36))
    quiet(lead.env["iaas.deal.estimate"]).create(
        {
            "lead_id": lead.id,
            "user_id": lead.user_id.id,
            "months": months,
            "line_ids": [
                Command.create(
                    {
                        "product_id": products[code].id,
                        "quantity": quantity * rng.randrange(1, 4),
                        "discount": rng.randrange(0, 15),
                    }
                )
                for code, quantity in BASKET
            ],
        }
    )


def _submit_drafts(plan, contracts):
    """Some drafts ask for more than their owners may give: they wait for others."""
    drafts = [a.customer for a in plan.agreements if a.stage == "draft"]
    for place, customer in enumerate(drafts[::2]):
        contract = contracts[customer]
        owner = contract.user_id
        line = {
            "categ_id": contract.env.ref(
                "iaas_contract.product_category_iaas_block_storage"
            ).id,
            "discount": DEEP_DISCOUNT,
        }
        same = contract.line_ids.filtered(
            lambda known: known.categ_id.id == line["categ_id"]  # noqa: B023
        )
        same.unlink()
        contract.with_user(owner).write({"line_ids": [Command.create(line)]})
        quiet(contract.with_user(owner)).action_submit()
        reviewer = contract.backup_user_id
        if place % 2 and contract.state == "review" and reviewer != owner:
            contract.with_user(reviewer)._decide(
                "reviewed", "Margin holds at the volume that the customer commits to."
            )
    return sum(
        contracts[customer].state in ("review", "approval") for customer in drafts
    )


def _explain_delays(env, today):
    """Why a signature is late, who is waited for, and what comes next."""
    late = env["iaas.contract"].search([("is_signature_overdue", "=", True)])
    for place, contract in enumerate(quiet(late)):
        reason, side, department, step = DELAYS[place % len(DELAYS)]
        contract.next_stage_id.write(
            {
                "delay_reason": reason,
                "waiting_for": side,
                "waiting_department": department,
                "date_forecast": today + timedelta(days=9 + place % 12),
            }
        )
        contract.write(
            {
                "next_step": step,
                "next_step_date": today + timedelta(days=1 + place % 5),
            }
        )


def _propose_prices(env, plan, products):
    """A price list for the next quarter that waits for the head of sales."""
    start = add_months(plan.window.today.replace(day=1), 2)
    version = quiet(env["iaas.price.list.version"]).create(
        {
            "date_start": start,
            "reason": "Two competitors lowered general compute; storage costs fell.",
            "author_id": user(env, "ops.manager").id,
            "approver_id": user(env, "sales.manager").id,
        }
    )
    env["iaas.price"].create(
        [
            {
                "version_id": version.id,
                "product_id": products[code].id,
                "charge_model": "standard",
                "unit_price": plan.products[code].price * factor,
            }
            for code, factor in NEW_PRICES.items()
        ]
    )
    version.action_submit()
