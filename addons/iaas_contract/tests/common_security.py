from odoo.tools import SQL, mute_logger

OPERATIONS = ("read", "write", "create", "unlink")


class ModelSecurityCases:
    """Tests generated from the models that one addon defines (R2): who reaches them,
    and that no company sees another's. Mixed into a test case with its common."""

    # Odoo leaves the tests of a base class out unless it is told.
    allow_inherited_tests_method = True

    #: The addon whose models are tested.
    addon = None
    #: Models of which the portal reads some records.
    portal_models = frozenset()
    #: Models that all companies share.
    shared_models = frozenset()
    #: Wizards that an auditor may open: they show, and change nothing.
    auditor_wizards = frozenset()

    def _models(self):
        for name in sorted(self.registry):
            model = self.env[name]
            if model._original_module == self.addon and not model._abstract:
                yield model

    def _records(self):
        return (model for model in self._models() if not model._transient)

    def test_portal_reaches_only_what_is_listed(self):
        users = [self._iaas_portal_user("anyone", self.customer)]
        users.append(self.env.ref("base.public_user"))
        for model in self._models():
            for user in users:
                listed = model._name in self.portal_models and user == users[0]
                allowed = {"read"} if listed else set()
                for operation in OPERATIONS:
                    with self.subTest(model=model._name, user=user.login, op=operation):
                        self.assertEqual(
                            model.with_user(user).has_access(operation),
                            operation in allowed,
                        )

    def test_portal_reads_by_a_rule_of_its_own(self):
        portal = self.env.ref("base.group_portal")
        for name in self.portal_models:
            rules = self.env["ir.rule"].search(
                [("model_id.model", "=", name), ("groups", "in", portal.ids)]
            )
            with self.subTest(model=name):
                self.assertTrue(rules)
                self.assertIn(
                    "commercial_partner_id", "".join(rules.mapped("domain_force"))
                )

    def test_auditor_reads_all_and_writes_nothing(self):
        for model in self._models():
            own = model.with_user(self.auditor)
            opens = model._transient and model._name in self.auditor_wizards
            with self.subTest(model=model._name):
                if not model._transient:
                    self.assertTrue(own.has_access("read"))
                if not opens:
                    for operation in OPERATIONS[1:]:
                        self.assertFalse(own.has_access(operation), operation)

    def test_plain_employee_writes_nothing(self):
        employee = self._iaas_user("plain", "base.group_user")
        for model in self._records():
            for operation in OPERATIONS[1:]:
                with self.subTest(model=model._name, op=operation):
                    self.assertFalse(model.with_user(employee).has_access(operation))

    def test_company_rule(self):
        """Each model of a company has a rule for everybody that says so."""
        for model in self._records():
            rules = self.env["ir.rule"].search(
                [("model_id.model", "=", model._name), ("groups", "=", False)]
            )
            shared = model._name in self.shared_models
            with self.subTest(model=model._name):
                self.assertEqual(
                    "company_ids" in "".join(r.domain_force or "" for r in rules),
                    not shared,
                )
                if shared:
                    self.assertNotIn("company_id", model._fields)

    @mute_logger("odoo.models")
    def test_other_company_sees_nothing(self):
        """What there is goes to another company, past every check; who has all rights
        but not that company finds none of it."""
        company = self.env["res.company"].create({"name": "Elsewhere"})
        insider = self._iaas_user("insider", "base.group_user")
        insider.sudo().group_ids = self.env.user.group_ids
        self.env.flush_all()
        tables = {
            model._table
            for model in self.registry.values()
            if model._auto
            and not model._abstract
            and model._name.startswith(("iaas.", "sale.order"))
            and "company_id" in model._fields
            and model._fields["company_id"].store
        }
        for table in sorted(tables):
            self.env.cr.execute(
                SQL(
                    "UPDATE %s SET company_id = %s WHERE company_id IS NOT NULL",
                    SQL.identifier(table),
                    company.id,
                )
            )
        self.env.invalidate_all()
        self.assertNotIn(company, insider.company_ids)
        tried = 0
        for model in self._records():
            if model._name in self.shared_models or not model.sudo().search([]):
                continue
            own = model.with_user(insider)
            with self.subTest(model=model._name):
                self.assertTrue(own.has_access("read"))
                found = own.search([])
                # Those of no company are everybody's.
                self.assertFalse(found.sudo().filtered(self._company_of))
            tried += 1
        self.assertTrue(tried)

    def _company_of(self, record):
        return record.company_id if "company_id" in record._fields else True
