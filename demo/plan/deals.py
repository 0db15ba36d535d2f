"""The words and figures of what sales works on."""

from decimal import Decimal

# name, site, where it is strong, where it is weak
COMPETITORS = (
    (
        "Meridian Cloud",
        "https://www.meridian-cloud.example",
        "Largest range of managed databases; resellers in every city.",
        "Traffic out is expensive; no engineer on site.",
    ),
    (
        "Pacific Compute",
        "https://www.pacific-compute.example",
        "Low prices for compute in bulk, deals closed within a week.",
        "One region only; support by ticket.",
    ),
    (
        "Northgate Hosting",
        "https://www.northgate-hosting.example",
        "Own data centre next to the customers' offices.",
        "Capacity comes late; no object storage.",
    ),
    (
        "Skybridge",
        "https://www.skybridge.example",
        "Known by every technical department.",
        "List prices hardly move; contracts in dollars of another country.",
    ),
)
OPENINGS = (
    "second site for disaster recovery",
    "move of the ERP servers",
    "analytics platform",
    "storage for video archives",
    "renewal with more compute",
    "web shop before the season",
    "backup of branch offices",
    "test environments on demand",
)
# department, what is held against us, how it will be answered
OBJECTIONS = (
    (
        "technical",
        "Doubts that our disks reach the latency of the current supplier.",
        "Proof of concept for two weeks on their own load, results shared weekly.",
    ),
    (
        "purchasing",
        "Has a framework with another supplier until the end of the year.",
        "Offer the first quarter without minimum, beside the running framework.",
    ),
    (
        "finance",
        "Budget for this year is closed; no commitment above last year's amount.",
        "Monthly settlement without commitment until the new budget.",
    ),
    (
        "legal",
        "Does not accept liability limited to one month's fee.",
        "Legal call on liability; propose three months for data loss.",
    ),
    (
        "technical",
        "Wants to keep its own monitoring and fears double work.",
        "Show the metrics interface to their operations team.",
    ),
)
# direction, kind, discount in percent, description, value in USD
MOVES = (
    ("get", "term", 0, "Customer signs for 24 months instead of 12", 18_000),
    ("give", "discount", 4, "Further 4 % on compute for the longer term", 6_400),
    ("get", "other", 0, "Customer acts as a reference for retail", 5_000),
    ("give", "payment", 0, "Payment within 45 days instead of 30", 1_200),
)
# what, whose, days after it was agreed until it is due
OBLIGATIONS = (
    ("Service report of the quarter", "us", 90),
    ("Review of the architecture with the customer", "us", 150),
    ("Forecast of capacity for the next half-year", "customer", 170),
    ("Certificate of information security renewed", "us", 205),
    ("List of authorised administrators confirmed", "customer", 240),
)
CLAUSES = (
    (
        "Data location",
        "Customer data is stored in Singapore and leaves it only on the customer's "
        "written instruction.",
    ),
    (
        "Exit assistance",
        "For 60 days after the last day the customer may copy its data out at the "
        "prices of this contract.",
    ),
)
# reason, who is waited for, which department, what comes next
DELAYS = (
    ("terms", "customer", "legal", "Call with their legal department on liability"),
    ("budget", "customer", "finance", "Send the spread of payments to their finance"),
    ("customer_approval", "customer", "management", "Meeting with their director"),
    ("own_approval", "us", "management", "Answer on the discount by our management"),
    ("verification", "customer", "legal", "Registry extract of the new entity"),
)
# product -> new price as a share of today's
NEW_PRICES = {
    "ecs-g4": Decimal("0.97"),
    "ecs-g8": Decimal("0.96"),
    "evs-ssd": Decimal("0.95"),
}
