"""The service catalogue: what the demo company sells, at which list prices."""

from dataclasses import dataclass, field
from decimal import Decimal

from . import market

# We sell a little below the median of the market.
POSITION = Decimal("0.94")
# Where we are, and what is dearer where.
HOME, AWAY = "sg1", "hk1"
REGIONS = {HOME: "Singapore 1", AWAY: "Hong Kong 1"}
REGIONAL = {"ecs-g2", "ecs-g4", "ecs-g8", "ecs-r8", "evs-ssd"}


@dataclass(frozen=True)
class Product:
    """One product, its list price and the capacity that one unit of it takes.

    ``tiers`` are pairs of a tier's last unit (``None``: without end) and its price.
    A recurring price is per month, a usage price per ``unit`` of the meter.
    """

    code: str
    name: str
    family: str
    kind: str
    unit: str
    price: Decimal | None = None
    tiers: tuple = ()
    aggregation: str = "sum"
    capacity: dict = field(default_factory=dict, hash=False)
    description: str = ""

    @property
    def is_usage(self):
        """Whether a meter counts what is billed."""
        return self.kind == "usage"

    @property
    def meter_code(self):
        """The ``type`` of the product's usage events."""
        return f"{self.family}.{self.code}".replace("-", "_")

    @property
    def is_regional(self):
        """Whether it is offered in both regions, at prices of their own."""
        return self.code in REGIONAL

    def price_in(self, region):
        """The price of a unit in a region; None where it has tiers."""
        if self.price is None or region != AWAY or not self.is_regional:
            return self.price
        return (self.price * market.hong_kong_factor()).quantize(self.price)

    def month_price(self, region=None):
        """The price of a unit among the first ones, to size an order by."""
        price = self.price_in(region)
        return price if price is not None else self.tiers[0][1]


def _hour(price):
    return (price * POSITION).quantize(Decimal("0.0001"))


def _month(price):
    return (price * POSITION).quantize(Decimal(1))


def _instance(code, label, family, vcpu, ram):
    return Product(
        code,
        f"{label} instance {vcpu} vCPU / {ram} GiB",
        "compute",
        "usage",
        "hour",
        _hour(market.instance_hour(family, vcpu)),
        capacity={"vcpu": vcpu, "ram": ram},
        description="Billed for each hour that an instance runs.",
    )


def _database(code, engine, vcpu, ram, factor):
    base = market.instance_hour("general", vcpu)
    return Product(
        code,
        f"Managed {engine} {vcpu} vCPU / {ram} GiB",
        "database",
        "usage",
        "hour",
        _hour(base * Decimal(factor)),
        capacity={"vcpu": vcpu, "ram": ram},
        description="Primary with standby, patching and point-in-time recovery.",
    )


def _compute():
    reserved = market.instance_hour("general", 8) * market.HOURS_PER_MONTH
    return (
        _instance("ecs-g2", "General", "general", 2, 8),
        _instance("ecs-g4", "General", "general", 4, 16),
        _instance("ecs-g8", "General", "general", 8, 32),
        _instance("ecs-c8", "Compute optimised", "compute", 8, 16),
        _instance("ecs-m8", "Memory optimised", "memory", 8, 64),
        Product(
            "ecs-r8",
            "Reserved instance 8 vCPU / 32 GiB",
            "compute",
            "recurring",
            "month",
            _month(reserved * market.one_year_commitment()),
            capacity={"vcpu": 8, "ram": 32},
            description="Capacity set aside for the term, at a fixed monthly fee.",
        ),
        Product(
            "as-vcpu",
            "Elastic scaling vCPU",
            "elastic_scaling",
            "usage",
            "hour",
            tiers=(
                (5000, _hour(market.core_hour())),
                (50000, _hour(market.core_hour() * Decimal("0.9"))),
                (None, _hour(market.core_hour() * Decimal("0.8"))),
            ),
            description="Cores that a scaling group adds and removes by load.",
        ),
    )


def _network():
    return (
        Product(
            "lb-app",
            "Application load balancer",
            "load_balancing",
            "recurring",
            "month",
            Decimal(24),
            description="One balancer with health checks and TLS termination.",
        ),
        Product(
            "lb-data",
            "Load balancer processed data",
            "load_balancing",
            "usage",
            "gib",
            tiers=((10240, Decimal("0.0080")), (None, Decimal("0.0060"))),
            description="Data that passes the balancers.",
        ),
        Product(
            "vpc-nat",
            "VPC NAT gateway",
            "vpc",
            "recurring",
            "month",
            Decimal(38),
            description="Outgoing address translation for a private network.",
        ),
        Product(
            "vpc-vpn",
            "VPC VPN connection",
            "vpc",
            "recurring",
            "month",
            Decimal(34),
            description="Encrypted connection from an office or a data centre.",
        ),
        Product(
            "eip",
            "Elastic IP address",
            "eip",
            "recurring",
            "month",
            Decimal("3.60"),
            description="A public IPv4 address.",
        ),
        Product(
            "net-out",
            "Internet traffic out",
            "eip",
            "usage",
            "gib",
            tiers=(
                (1024, Decimal("0.0900")),
                (10240, Decimal("0.0750")),
                (None, Decimal("0.0600")),
            ),
            description="Traffic from the cloud to the internet.",
        ),
        Product(
            "net-bw",
            "Dedicated internet bandwidth",
            "eip",
            "recurring",
            "mbps",
            Decimal("11.50"),
            description="Committed bandwidth, whatever passes it.",
        ),
    )


def _storage():
    return (
        Product(
            "evs-ssd",
            "Block storage SSD",
            "block_storage",
            "recurring",
            "gib",
            (market.disk_month("SSD") * POSITION / 2).quantize(Decimal("0.0001")),
            capacity={"disk": 1},
            description="Provisioned volumes with three copies on flash.",
        ),
        Product(
            "evs-hdd",
            "Block storage standard",
            "block_storage",
            "recurring",
            "gib",
            (market.disk_month("Standard") * POSITION).quantize(Decimal("0.0001")),
            capacity={"disk": 1},
            description="Provisioned volumes with three copies on disk.",
        ),
        Product(
            "obs-std",
            "Object storage standard",
            "object_storage",
            "usage",
            "gib_month",
            tiers=(
                (51200, Decimal("0.0230")),
                (512000, Decimal("0.0215")),
                (None, Decimal("0.0200")),
            ),
            capacity={"disk": 1},
            description="What is stored, as an average over the month.",
        ),
        Product(
            "obs-req",
            "Object storage requests",
            "object_storage",
            "usage",
            "mreq",
            Decimal("0.4200"),
            description="Read requests, in millions.",
        ),
        Product(
            "cbr-std",
            "Cloud backup storage",
            "backup",
            "usage",
            "gib_month",
            tiers=((10240, Decimal("0.0380")), (None, Decimal("0.0320"))),
            capacity={"disk": 1},
            description="Space that backups hold, as an average over the month.",
        ),
    )


def _platform():
    return (
        _database("rds-pg4", "PostgreSQL", 4, 16, "1.75"),
        _database("rds-my4", "MySQL", 4, 16, "1.65"),
        _database("dcs-r2", "Redis", 2, 8, "1.50"),
        Product(
            "waf-pro",
            "Web application firewall",
            "security",
            "recurring",
            "month",
            Decimal(240),
            description="Ten protected domains, managed rules.",
        ),
        Product(
            "ddos-adv",
            "DDoS protection advanced",
            "security",
            "recurring",
            "month",
            Decimal(1450),
            description="Scrubbing up to 20 Gbps for one address range.",
        ),
        Product(
            "svc-onb",
            "Onboarding and migration workshop",
            "iaas",
            "one_time",
            "unit",
            Decimal(1800),
            description="Two days with an engineer, landing zone and access set up.",
        ),
    )


def make_products():
    """All products by their code."""
    products = _compute() + _network() + _storage() + _platform()
    return {product.code: product for product in products}


def pilot():
    """What was tried for two weeks and has had no price since."""
    return Product(
        "gpu-a10",
        "GPU instance A10, pilot",
        "compute",
        "recurring",
        "month",
        Decimal(940),
        description="One card with 24 GiB for first trials of inference.",
    )
