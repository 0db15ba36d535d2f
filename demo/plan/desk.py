"""Who is chosen for what lies on the desks of billing, and what is told of it."""

from datetime import timedelta

# Of customers who approve their statements before the invoice is made.
PUBLIC_SECTOR = 6
# Contracts whose fees are due before the service: timing, percent of the fees.
ADVANCES = (("before", 0), ("before", 0), ("share", 50))


def _running(plan, *cycles):
    """Customers whose contract runs since the first day, the least first."""
    found = [
        agreement.customer
        for agreement in plan.agreements
        if agreement.stage == "running"
        and agreement.cycle in cycles
        and not agreement.anchor_day
        and agreement.start == plan.window.start
        and agreement.end > plan.window.today
        and plan.expected.get(agreement.customer)
    ]
    return sorted(found, key=plan.expected.get)


def advances(plan):
    """By customer, when the fees are due; of others they are due after the service."""
    quarterly = _running(plan, "quarter")[-len(ADVANCES) :]
    return dict(zip(quarterly, ADVANCES, strict=False))


def public_sector(plan):
    """Customers in the middle who are billed by the month."""
    monthly = _running(plan, "month")
    first = len(monthly) // 4
    return monthly[first : first + PUBLIC_SECTOR]


def pilot_customer(plan):
    """Who tries the new service: the smallest that is billed by the month."""
    return next(iter(_running(plan, "month")), None)


def pilot_days(window):
    """First day of the pilot and the last one for which it has a price."""
    month = window.until.replace(day=1)
    return month + timedelta(days=5), month + timedelta(days=19)


# product, what the customer writes, how it ends, our answer
DISPUTES = (
    (
        "net-out",
        "Our firewall counted a fifth less outgoing traffic than you charge. Please "
        "check the days after the 12th.",
        "open",
        "",
    ),
    (
        "evs-ssd",
        "Two test volumes were given back in the second week, yet they are charged for "
        "the whole month.",
        "accepted",
        "The release was confirmed on the 12th by our operations; the days after it "
        "are credited.",
    ),
    (
        "eip",
        "We ordered these addresses for the second site, which goes live next month.",
        "rejected",
        "The addresses are reserved from the day of the order, as section 3 of the "
        "contract says; they could be given back at any time.",
    ),
    (
        "lb-app",
        "The balancer was down on the weekend of the 18th. We expect a credit under "
        "the service level.",
        "open",
        "",
    ),
    (
        "obs-std",
        "Object storage doubled although we deleted the archive of last year.",
        "open",
        "",
    ),
)
# What a customer of the public sector writes before it confirms.
BEFORE_POSTING = (
    "The purchase order for this project ended in the middle of the month. Please show "
    "the days after it apart."
)
# The part of a line's amount that is credited where the customer is right.
CREDITED = 0.4

# What becomes of usage that came in late.
LATE = ("posted", "written_off", "drafted", "open")
WRITE_OFF = (
    "Our collector stood still for two days and sent the rest three weeks later; "
    "agreed with sales not to charge it."
)
VOID = (
    "Billed to the branch office; the customer's head office takes the contract over "
    "and asks for a new invoice."
)

# Days from today to the promised day, and what was said.
PROMISES = (
    (4, "Head of accounts payable: in the payment run of next Thursday."),
    (9, "By telephone: the invoice waits for the second signature."),
    (16, "By mail: pays as soon as its own customer has paid."),
    (-6, "Promised on the telephone to pay the whole of it within two weeks."),
    (-13, "Said that the transfer was on its way; nothing arrived."),
)
KEPT = "Asked for a week more when reminded; paid as promised."

# name, mail, for what, percent, family ("" for all), of what it is a share, approved
SHARES = (
    (
        "Cloudbridge Advisory Pte. Ltd.",
        "accounts@cloudbridge.example",
        ("commission", 6, "", "collected", True),
    ),
    (
        "Tanglin Digital Partners Pte. Ltd.",
        "finance@tanglin-digital.example",
        ("commission", 8, "compute", "billed", True),
    ),
    (
        "Mangrove Media Pte. Ltd.",
        "billing@mangrove-media.example",
        ("advertising", 2, "", "billed", True),
    ),
    (
        "Straits Systems Integration Pte. Ltd.",
        "ar@straits-integration.example",
        ("commission", 5, "database", "billed", False),
    ),
)

# Listener, its address and whether it listens to one customer only. What it answers:
# nothing where it has yet to be asked.
WEBHOOKS = (
    ("Data warehouse of finance", "https://dwh.harbourline.example/hooks/billing"),
    ("ERP of {customer}", "https://erp.{domain}/hooks/harbourline"),
)
ANSWERS = (*((204, ""),) * 4, (200, "accepted"), (204, ""), (503, "Upgrade until six"))

# name of the annex, what it is about
ANNEXES = (
    ("Service description", "Services, measuring points and service levels"),
    ("Data processing agreement", "Personal data that the customer stores with us"),
)
