"""Customers of the demo company: names, addresses, groups and contacts."""

import random
import re
from dataclasses import dataclass

from . import words

GROUP_SHARE = 0.10
GROUP_SIZES = (2, 3, 3, 4, 4, 5)


@dataclass(frozen=True)
class Contact:
    """A person at a customer and the roles that the person has there."""

    name: str
    title: str
    roles: tuple
    email: str
    phone: str


@dataclass(frozen=True)
class Customer:
    """A company; ``parent`` is the index of the company that heads its group."""

    index: int
    name: str
    country: str
    timezone: str
    industry: str
    city: str
    zip: str
    street: str
    phone: str
    domain: str
    registry: str
    parent: int | None
    contacts: tuple


def _weighted(rng, options, weights):
    return rng.choices(options, weights)[0]


def _slug(text):
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def _company_name(country, label, rng):
    legal = rng.choice(country.legal)
    return f"{legal} {label}" if country.legal_first else f"{label} {legal}"


def _industry(rng):
    weights = [weight for weight, _ in words.INDUSTRIES.values()]
    return _weighted(rng, list(words.INDUSTRIES), weights)


class _Namer:
    """Gives names that differ from each other also without their legal form."""

    def __init__(self):
        self._taken = set()

    def company(self, rng, country, industry, root=None):
        """The company's name and its industry, which a crowded group may change."""
        for attempt in range(1000):
            base = root or rng.choice(country.roots)
            if root is None and attempt > 20:
                # A second root word opens the space when a country is nearly used up.
                base = f"{base} {rng.choice(country.roots).split()[-1]}"
            label = f"{base} {rng.choice(words.INDUSTRIES[industry][1])}"
            if label not in self._taken:
                self._taken.add(label)
                return label, industry
            if root:
                industry = _industry(rng)
        raise ValueError(f"no free company name left in {country.code}")


def _contacts(rng, country, domain, count):
    """``count`` people with different names; the first roles come first."""
    roles = ["administrator", "decision_maker", "business_user"]
    roles += ["administrator", "business_user"]
    people, taken = [], set()
    while len(people) < count:
        family, given = rng.choice(country.families), rng.choice(country.givens)
        if (family, given) in taken:
            continue
        taken.add((family, given))
        role = roles[len(people)]
        held = (role,)
        if count == 1:
            held = ("decision_maker", "administrator")
        local = f"{_slug(given).replace('-', '')}.{_slug(family)}"
        people.append(
            Contact(
                f"{family} {given}" if country.family_first else f"{given} {family}",
                rng.choice(words.TITLES[held[0]]),
                held,
                f"{local}@{domain}",
                country.phone.format(rng.randrange(1000), rng.randrange(10000)),
            )
        )
    return tuple(people)


def _customer(index, country, industry, label, parent, rng):
    name = _company_name(country, label, rng)
    domain = f"{_slug(label)}.example"
    place = rng.randrange(len(country.cities))
    city, zip_code = country.cities[place].rsplit(" ", 1)
    street = country.streets[place % len(country.streets)]
    return Customer(
        index=index,
        name=name,
        country=country.code,
        timezone=country.timezone,
        industry=industry,
        city=city,
        zip=zip_code,
        street=f"{rng.randrange(1, 220)} {street}",
        phone=country.phone.format(rng.randrange(1000), rng.randrange(10000)),
        domain=domain,
        registry=f"{rng.randrange(1996, 2024)}{rng.randrange(10**5, 10**6)}"
        f"{rng.choice('CDEGHKMNRW')}",
        parent=parent,
        contacts=_contacts(rng, country, domain, rng.choices((1, 2, 3), (3, 4, 3))[0]),
    )


def _group_roots(seed, count):
    roots = [f"{a} {n}" for a in words.GROUP_ADJECTIVES for n in words.GROUP_NOUNS]
    random.Random(f"{seed}:groups").shuffle(roots)
    if count > len(roots):
        raise ValueError(f"only {len(roots)} group names, {count} wanted")
    return roots[:count]


def _group_sizes(seed, companies):
    """Sizes of groups that together hold about ``GROUP_SHARE`` of the companies."""
    rng, sizes = random.Random(f"{seed}:group sizes"), []
    while sum(sizes) < round(companies * GROUP_SHARE):
        sizes.append(rng.choice(GROUP_SIZES))
    return sizes


def make_customers(seed, count):
    """``count`` companies, those of a group following the one that heads it."""
    namer, customers = _Namer(), []
    country_weights = [country.weight for country in words.COUNTRIES]

    def choose(rng):
        country = _weighted(rng, words.COUNTRIES, country_weights)
        return country, _industry(rng)

    sizes = _group_sizes(seed, count)
    for root, size in zip(_group_roots(seed, len(sizes)), sizes, strict=True):
        head = len(customers)
        for member in range(size):
            index = len(customers)
            if index == count:
                break
            rng = random.Random(f"{seed}:customer:{index}")
            country, industry = choose(rng)
            label, industry = namer.company(rng, country, industry, root)
            if not member:
                label = f"{root} Holdings"
            customers.append(
                _customer(
                    index,
                    country,
                    industry,
                    label,
                    head if member else None,
                    rng,
                )
            )
    while len(customers) < count:
        index = len(customers)
        rng = random.Random(f"{seed}:customer:{index}")
        country, industry = choose(rng)
        label, industry = namer.company(rng, country, industry)
        customers.append(_customer(index, country, industry, label, None, rng))
    return customers
