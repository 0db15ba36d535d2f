from odoo.tests import new_test_user

from odoo.addons.base.tests.common import BaseCommon


class IaasCustomerCommon(BaseCommon):
    """A group of two companies, a company alone, and one user of each role."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tier_large = cls.env.ref("iaas_customer.iaas_customer_tier_large_b")
        cls.tier_small = cls.env.ref("iaas_customer.iaas_customer_tier_small_b")
        cls.role_decision_maker = cls.env.ref(
            "iaas_customer.iaas_contact_role_decision_maker"
        )
        cls.ops_user = cls._iaas_user("ops_user", "iaas_customer.group_iaas_ops_user")
        cls.ops_manager = cls._iaas_user(
            "ops_manager", "iaas_customer.group_iaas_ops_manager"
        )
        cls.solution_engineer = cls._iaas_user(
            "solution_engineer", "iaas_customer.group_iaas_solution_engineer"
        )
        cls.auditor = cls._iaas_user("auditor", "iaas_customer.group_iaas_auditor")
        cls.sales_user = cls._iaas_user("sales_user", "sales_team.group_sale_salesman")

        cls.customer = cls._iaas_customer("Northwind Logistics", cls.tier_large)
        cls.subsidiary = cls._iaas_customer(
            "Northwind Air Freight", cls.tier_small, parent_id=cls.customer.id
        )
        cls.other_customer = cls._iaas_customer("Harbor Analytics", cls.tier_small)
        cls.contact = cls.env["res.partner"].create(
            {
                "name": "Mei Tanaka",
                "parent_id": cls.customer.id,
                "iaas_contact_role_ids": cls.role_decision_maker.ids,
            }
        )

    @classmethod
    def _iaas_user(cls, login, groups, **values):
        """Make an internal user ``iaas_<login>`` with exactly these groups."""
        return new_test_user(cls.env, login=f"iaas_{login}", groups=groups, **values)

    @classmethod
    def _iaas_portal_user(cls, login, partner):
        """Make a portal user for a new contact of the company ``partner``."""
        contact = cls.env["res.partner"].create(
            {"name": login, "email": f"{login}@example.com", "parent_id": partner.id}
        )
        return cls.env["res.users"].create(
            {
                "login": f"iaas_{login}",
                "partner_id": contact.id,
                "group_ids": cls.env.ref("base.group_portal").ids,
            }
        )

    @classmethod
    def _iaas_customer(cls, name, tier, **values):
        """Make a customer company owned by the sales user."""
        return cls.env["res.partner"].create(
            {
                "name": name,
                "is_company": True,
                "is_iaas_customer": True,
                "iaas_tier_id": tier.id,
                "user_id": cls.sales_user.id,
                **values,
            }
        )
