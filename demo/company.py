"""The company itself: who it is, who works there, how it keeps its books."""

import base64

from odoo.fields import Command

from .plan.market import DATA
from .session import quiet

IDENTITY = {
    "name": "Harbourline Cloud Pte. Ltd.",
    "street": "1 Science Park Drive",
    "street2": "#08-12 The Galen",
    "city": "Singapore",
    "zip": "118221",
    "phone": "+65 6510 4400",
    "email": "contact@harbourline.example",
    "website": "https://www.harbourline.example",
    "company_registry": "201418733K",
}
BANK = ("Straits Commercial Bank", "021-904417-2")

# login, which is also the password: name, function, groups
USERS = {
    "ops": (
        "Chua Siew Lan",
        "Customer Operations",
        ["iaas_customer.group_iaas_ops_user"],
    ),
    "ops2": (
        "Nurul Hassan",
        "Customer Operations",
        ["iaas_customer.group_iaas_ops_user"],
    ),
    "ops.manager": (
        "Marcus Teo",
        "Head of Operations",
        [
            "iaas_customer.group_iaas_ops_manager",
            "sales_team.group_sale_salesman_all_leads",
        ],
    ),
    "sales": ("Adeline Koh", "Key Account Manager", ["sales_team.group_sale_salesman"]),
    "sales2": ("Rohan Iyer", "Key Account Manager", ["sales_team.group_sale_salesman"]),
    "sales3": ("Kenji Sato", "Key Account Manager", ["sales_team.group_sale_salesman"]),
    "sales.manager": (
        "Grace Lim",
        "Head of Sales",
        ["sales_team.group_sale_manager"],
    ),
    "engineer": (
        "Daniel Wong",
        "Solution Engineer",
        ["iaas_customer.group_iaas_solution_engineer"],
    ),
    "billing": (
        "Priya Nair",
        "Billing Specialist",
        ["iaas_billing.group_iaas_billing_user"],
    ),
    "billing.manager": (
        "Tan Jia Hao",
        "Head of Billing",
        ["iaas_billing.group_iaas_billing_manager"],
    ),
    "finance": (
        "Rachel Ong",
        "Financial Controller",
        ["account.group_account_manager"],
    ),
    "procurement": (
        "Hafiz Rahman",
        "Buyer",
        ["iaas_procurement.group_iaas_procurement_user"],
    ),
    "procurement.approver": (
        "Sophie Martin",
        "Capacity Planner",
        ["iaas_procurement.group_iaas_procurement_approver"],
    ),
    "procurement.manager": (
        "Goh Boon Kiat",
        "Head of Procurement",
        ["iaas_procurement.group_iaas_procurement_manager"],
    ),
    "auditor": ("Mei Azman", "Internal Audit", ["iaas_customer.group_iaas_auditor"]),
    "collector": (
        "Usage Collector",
        "Technical user of the metering platform",
        ["iaas_billing.group_iaas_usage_collector"],
    ),
}


def set_up(env):
    """Name the company, hire its people, prepare its accounts."""
    company = env.company
    singapore = env.ref("base.sg")
    logo = base64.b64encode((DATA / "logo.png").read_bytes())
    company.write(
        IDENTITY | {"country_id": singapore.id, "state_id": False, "logo": logo}
    )
    company.partner_id.write({"tz": "Asia/Singapore"})
    if "iap_enrich_auto_done" in company._fields:
        # Nobody is to wait for a look-up of an invented company on the internet.
        company.iap_enrich_auto_done = True
    _prepare_taxes(env, company, singapore)
    _prepare_bank(env, company)
    _hire(env, company)


def _prepare_taxes(env, company, country):
    """GST for customers at home, zero-rated services for those abroad."""
    company.account_fiscal_country_id = country
    taxes = company.account_sale_tax_id + company.account_purchase_tax_id
    taxes.tax_group_id.write({"name": "GST", "country_id": country.id})
    taxes.country_id = country
    taxes.write(
        {"name": "9% GST", "amount": 9, "invoice_label": "GST 9%", "description": False}
    )
    home, abroad = env["account.fiscal.position"].create(
        [
            {
                "name": "Singapore",
                "sequence": 1,
                "auto_apply": True,
                "country_id": country.id,
                "company_id": company.id,
            },
            {
                "name": "International services (zero-rated)",
                "sequence": 2,
                "auto_apply": True,
                "company_id": company.id,
            },
        ]
    )
    # A position without taxes takes all of them off.
    taxes.fiscal_position_ids += home
    company.account_sale_tax_id.copy(
        {
            "name": "0% ZR",
            "amount": 0,
            "invoice_label": "GST 0%",
            "tax_group_id": company.account_sale_tax_id.tax_group_id.id,
            "fiscal_position_ids": [Command.set(abroad.ids)],
            "original_tax_ids": [Command.set(company.account_sale_tax_id.ids)],
        }
    )
    return home, abroad


def _prepare_bank(env, company):
    """The bank account on which customers' payments arrive."""
    name, number = BANK
    journal = env["account.journal"].search(
        [("type", "=", "bank"), ("company_id", "=", company.id)], limit=1
    )
    bank = env["res.bank"].create({"name": name})
    journal.name = name
    journal.set_bank_account(number, bank.id)


def _hire(env, company):
    home = env.ref("iaas_customer.mail_activity_action").id
    env.ref("base.user_admin").action_id = home
    values = []
    for login, (name, function, groups) in USERS.items():
        values.append(
            {
                "name": name,
                "login": login,
                "function": function,
                "email": f"{name.lower().replace(' ', '.')}@harbourline.example",
                "tz": "Asia/Singapore",
                "action_id": home,
                "company_id": company.id,
                "company_ids": [Command.set(company.ids)],
                "group_ids": [
                    Command.set(
                        [env.ref(group).id for group in ("base.group_user", *groups)]
                    )
                ],
            }
        )
    quiet(env["res.users"]).create(values)


def set_passwords(env):
    """Give every user the password; hashing them takes half a second each."""
    for login in USERS:
        user(env, login).password = login


def user(env, login):
    """The user with ``login``."""
    return env["res.users"].search([("login", "=", login)], limit=1)


def logins():
    """Lines that tell who may log in, for the end of the run."""
    width = max(map(len, USERS))
    return [
        f"  {login:<{width}}  {name}, {function}"
        for login, (name, function, _groups) in USERS.items()
    ]
