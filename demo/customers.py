"""Customers, their groups and the people who work there."""

import random
from datetime import datetime, time, timedelta

from odoo.fields import Command

from .company import user
from .session import batches, quiet

BATCH = 500
LARGE_OWNERS = ("sales", "sales2", "sales3", "sales.manager")
SMALL_OWNERS = ("ops", "ops2", "ops.manager")
REJECTION = "The registry extract names another company than the order form."
# What a customer without a running contract has come to, and how often.
ONBOARDING = (("unverified", 4), ("in_review", 5), ("rejected", 1))


def create(env, plan):
    """Create all customers of the plan; return them by their index."""
    countries = {
        country.code: country.id
        for country in env["res.country"].search(
            [("code", "in", list({customer.country for customer in plan.customers}))]
        )
    }
    large = env.ref("iaas_customer.iaas_customer_tier_large_b")
    small = env.ref("iaas_customer.iaas_customer_tier_small_b")
    owners = {login: user(env, login) for login in LARGE_OWNERS + SMALL_OWNERS}
    industries = _industries(env, plan)
    accounts = plan.expected_by_account()
    partners = {}

    def values(customer):
        is_large = plan.is_large(customer, accounts)
        team = LARGE_OWNERS if is_large else SMALL_OWNERS
        # One person looks after a whole group.
        place = plan.account(customer)
        return {
            "name": customer.name,
            "is_company": True,
            "is_iaas_customer": True,
            "iaas_tier_id": (large if is_large else small).id,
            "user_id": owners[team[place % len(team)]].id,
            "iaas_backup_user_id": owners[team[(place + 1) % len(team)]].id,
            "parent_id": customer.parent is not None and partners[customer.parent].id,
            "street": customer.street,
            "city": customer.city,
            "zip": customer.zip,
            "country_id": countries[customer.country],
            "tz": customer.timezone,
            "phone": customer.phone,
            "email": f"info@{customer.domain}",
            "website": f"https://www.{customer.domain}",
            "company_registry": customer.registry,
            "category_id": [Command.set(industries[customer.industry].ids)],
            "lang": "en_US",
        }

    Partner = quiet(env["res.partner"])
    for is_member in (False, True):
        wanted = [c for c in plan.customers if (c.parent is not None) == is_member]
        for batch in batches(wanted, BATCH):
            created = Partner.create([values(customer) for customer in batch])
            partners.update(
                (customer.index, partner)
                for customer, partner in zip(batch, created, strict=True)
            )
    _create_contacts(env, plan, partners)
    return partners


def _industries(env, plan):
    names = sorted({customer.industry for customer in plan.customers})
    tags = env["res.partner.category"].create(
        [{"name": name, "color": place + 1} for place, name in enumerate(names)]
    )
    return dict(zip(names, tags, strict=True))


def _create_contacts(env, plan, partners):
    roles = {role.code: role.id for role in env["iaas.contact.role"].search([])}
    values = [
        {
            "name": contact.name,
            "parent_id": partners[customer.index].id,
            "type": "contact",
            "function": contact.title,
            "email": contact.email,
            "phone": contact.phone,
            "lang": "en_US",
            "tz": customer.timezone,
            "iaas_contact_role_ids": [
                Command.set([roles[code] for code in contact.roles])
            ],
        }
        for customer in plan.customers
        for contact in customer.contacts
    ]
    Partner = quiet(env["res.partner"])
    for batch in batches(values, BATCH):
        Partner.create(batch)


def verify(env, plan, partners):
    """Verify those whose contract runs; the rest is somewhere on the way there."""
    signed = {agreement.customer: agreement for agreement in plan.agreements}
    verifiers = [user(env, login) for login in SMALL_OWNERS]
    groups, pending = {}, {state: [] for state, _ in ONBOARDING}
    for customer in plan.customers:
        agreement = signed.get(customer.index)
        if agreement and agreement.stage in ("running", "ended"):
            day = agreement.start - timedelta(days=5 + customer.index % 20)
            verifier = verifiers[customer.index % len(verifiers)]
            groups.setdefault((day, verifier.id), []).append(customer.index)
        else:
            rng = random.Random(f"{plan.seed}:verification:{customer.index}")
            state = rng.choices(*zip(*ONBOARDING, strict=True))[0]
            pending[state].append(customer.index)
    for (day, verifier), indexes in groups.items():
        quiet(_all(env, partners, indexes)).write(
            {
                "iaas_verification_state": "verified",
                "iaas_verification_date": day,
                "iaas_verifier_id": verifier,
            }
        )
    submitted = _all(env, partners, pending["in_review"] + pending["rejected"])
    quiet(submitted).action_iaas_submit_verification()
    quiet(_all(env, partners, pending["rejected"]))._iaas_reject(REJECTION)


def _all(env, partners, indexes):
    return env["res.partner"].browse([partners[index].id for index in indexes])


def invite(env, partners, plan):
    """Give the main contact of the largest customer access to the portal."""
    largest = max(plan.expected, key=plan.expected.get)
    contact = partners[largest].child_ids.filtered(lambda child: not child.is_company)
    quiet(env["res.users"]).create(
        {
            "login": "customer",
            "password": "customer",
            "partner_id": contact[:1].id,
            "group_ids": [Command.set(env.ref("base.group_portal").ids)],
        }
    )


def noon(day):
    """Noon UTC, which is the same civil day in every time zone of our customers."""
    return datetime.combine(day, time(12))
