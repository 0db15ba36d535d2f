from lxml import etree

from odoo.tests import new_test_user, tagged

from .test_usage_files import UsageFilesCommon

ROLES = (
    "iaas_billing.group_iaas_billing_user",
    "iaas_billing.group_iaas_billing_manager",
    "iaas_customer.group_iaas_ops_user",
    "iaas_customer.group_iaas_auditor",
    "sales_team.group_sale_salesman_all_leads",
    "account.group_account_invoice",
)
MODELS = (
    "iaas.meter",
    "iaas.usage.source",
    "iaas.usage.mapping",
    "iaas.usage.import",
    "iaas.usage.reject",
    "iaas.usage.connector",
    "iaas.usage.quarantine",
    "iaas.usage.quarantine.event",
    "iaas.usage.event",
    "iaas.usage.daily",
    "iaas.usage.archive",
    "iaas.current.usage",
    "iaas.budget",
)


@tagged("post_install", "-at_install")
class TestUsageScreens(UsageFilesCommon):
    """Whoever may read something can also open its screens."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["iaas.usage.mapping"].create(
            {
                "name": "Partner",
                "source_id": cls.source.id,
                "subject_column": "Resource",
                "time_column": "When",
                "value_column": "GiB",
                "meter_id": cls.meter.id,
            }
        )
        cls.env["iaas.usage.alias"]._map(cls.source, "type", "Traffic", cls.meter)
        cls.env["iaas.usage.connector"].create(
            {
                "name": "Prometheus",
                "source_id": cls.source.id,
                "url": "https://prometheus.example.com",
                "start_date": "2026-07-01",
                "query_ids": [(0, 0, {"promql": "up", "meter_id": cls.meter.id})],
            }
        )
        cls.env["iaas.usage.archive"].create(
            {"month": "2020-01-01", "kind": "delete", "event_count": 1}
        )

    def test_each_screen_opens_for_each_role_that_may_read(self):
        """R46: a field that a role may not read breaks the whole screen."""
        self._import(
            "id,type,subject,time,value\n"
            "e-1,traffic.gib,net-1,2026-06-01T00:00:00Z,2\n"
            "e-2,traffic.gib,other,2026-06-01T00:00:00Z,2\n"
            "e-3,traffic.gib,net-1,2026-06-01T00:00:00Z,x\n",
            mapping_id=False,
        )
        self._iaas_resource(self.server)
        self.env["iaas.current.usage"]._refresh(self.contract)
        self.env["iaas.budget"].create(
            {
                "contract_id": self.contract.id,
                "contact_id": self.contract.partner_id.id,
                "amount": 100,
            }
        )
        opened = 0
        for role in ROLES:
            user = new_test_user(self.env, role.split(".")[1], role)
            for name in MODELS:
                model = self.env[name].with_user(user)
                if not model.has_access("read"):
                    continue
                record = model.search([], limit=1)
                with self.subTest(role=role, model=name):
                    self.assertTrue(record)
                    for kind in ("form", "list"):
                        self._open(record, kind)
                        opened += 1
        self.assertGreater(opened, 80)

    def test_no_form_links_to_what_its_reader_may_not_open(self):
        """R46: a link that ends in an access error is none; the name stays."""
        known = self.env["ir.model.data"].search(
            [("module", "=", "iaas_billing"), ("model", "=", "ir.ui.view")]
        )
        views = self.env["ir.ui.view"].search(
            [
                ("id", "in", known.mapped("res_id")),
                ("type", "=", "form"),
                ("mode", "=", "primary"),
                ("model", "!=", "res.config.settings"),
            ]
        )
        for role in ROLES:
            user = new_test_user(self.env, f"links-{role}", role)
            for view in views:
                model = self.env[view.model].with_user(user)
                if not model.has_access("read"):
                    continue
                arch = etree.fromstring(model.get_view(view.id, "form")["arch"])
                with self.subTest(role=role, view=view.name):
                    self.assertFalse(self._get_dead_links(model, arch))

    def test_a_statement_offers_what_its_reader_can_do(self):
        """R46: who audits verifies; operations have no invoices to open."""
        offered = {}
        for role in ROLES:
            user = new_test_user(self.env, f"offered-{role}", role)
            statement = self.env["iaas.statement"].with_user(user)
            arch = etree.fromstring(statement.get_view(view_type="form")["arch"])
            offered[role.split(".")[1]] = set(arch.xpath("//button/@name"))
        auditor = offered["group_iaas_auditor"]
        self.assertLessEqual({"action_verify", "action_view_move"}, auditor)
        self.assertFalse({"action_correct", "action_void", "action_refresh"} & auditor)
        self.assertFalse(
            {"action_verify", "action_view_move"} & offered["group_iaas_ops_user"]
        )
        self.assertIn("action_verify", offered["group_account_invoice"])

    def _get_dead_links(self, model, arch):
        """The many2one fields outside lists whose records the user may not read."""
        links = [
            node.get("name")
            for node in arch.xpath("//field[not(ancestor::field)]")
            if node.get("invisible") not in ("1", "True")
            and "no_open" not in node.get("options", "")
            and "avatar" not in node.get("widget", "")
        ]
        return [
            name
            for name in links
            if (field := model._fields[name]).type == "many2one"
            and not model.env[field.comodel_name].has_access("read")
        ]

    def _open(self, record, kind):
        """Read what the client reads for the view, lists inside it too."""
        arch = etree.fromstring(record.get_view(view_type=kind)["arch"])
        record.invalidate_recordset()
        self.assertTrue(record.web_read(self._get_specification(record, arch)))

    def _get_specification(self, records, node):
        specification = {}
        for child in node.xpath("*"):
            if child.tag != "field":
                specification |= self._get_specification(records, child)
                continue
            field = records._fields[child.get("name")]
            specification[field.name] = {}
            if field.relational:
                inner = {"display_name": {}}
                for view in child.xpath("list|form|kanban"):
                    inner |= self._get_specification(self.env[field.comodel_name], view)
                specification[field.name] = {"fields": inner}
        return specification

    def test_a_new_meter_has_no_false_name(self):
        self.assertEqual(self.env["iaas.meter"].new({}).display_name, "New")
        self.assertEqual(self.meter.display_name, "traffic.gib (traffic.gib)")
