import base64
import re
from datetime import date
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.sql_db import Cursor
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import IaasBillingCommon

_WRITES = re.compile(r"\s*(INSERT|UPDATE|DELETE|TRUNCATE|COPY)\b", re.IGNORECASE)
#: Looking whether it was changed is noted, whoever looks.
_NOTES = {"action_verify"}


@tagged("post_install", "-at_install")
class TestPublicMethods(IaasBillingCommon):
    """Every button of every model is a method that anybody can call by RPC, on any
    record: who has no right to what it does changes nothing (R2)."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._keep_transaction()
        cls._iaas_resource(cls.server)
        resource = cls._iaas_resource(cls.traffic)
        cls._use(resource, ("2026-01-10 00:00:00", "100"))
        cls.tier_large.write(
            {"has_statement_rules": True, "statement_confirmation": "explicit"}
        )
        run = cls._run(date(2026, 2, 28))
        january, february = run.statement_ids.sorted("date_from")
        january.action_confirm()
        webhook = cls.env["iaas.webhook"].create(
            {"name": "ERP", "url": "https://example.com/hook"}
        )
        webhook.action_ping()
        cls._use(resource, ("2026-01-11 00:00:00", "100"))
        cls.env["iaas.after.close"]._queue(january)
        cls.records = [
            january,
            february,
            january.line_ids[0],
            january.move_id,
            january.after_close_ids,
            run,
            run.create({"date": date(2026, 3, 31), "contract_ids": cls.contract.ids}),
            cls.env["iaas.billing.blocker"]._set_aside(run, cls.contract, "x"),
            cls.env["iaas.statement.dispute"].create(
                {"line_id": february.line_ids[0].id, "reason": "x"}
            ),
            cls.contract,
            resource,
            cls.meter,
            cls.source,
            webhook,
            webhook.delivery_ids,
            cls.env["iaas.usage.daily"].search(
                [("resource_id", "=", resource.id)], limit=1
            ),
            cls.env["iaas.usage.import"].create(
                {
                    "name": "a.csv",
                    "file": base64.b64encode(b"id,type,subject,time,value\n"),
                    "source_id": cls.source.id,
                }
            ),
            cls.env["iaas.usage.connector"].create(
                {
                    "name": "Prometheus",
                    "source_id": cls.source.id,
                    "url": "http://prometheus.example.com",
                    "start_date": "2026-01-01",
                }
            ),
            cls.env["iaas.usage.quarantine"].create(
                {
                    "reason": "unknown_resource",
                    "name": "vm-9",
                    "source_id": cls.source.id,
                    "company_id": cls.company.id,
                    "first_seen": "2026-07-01",
                    "last_seen": "2026-07-01",
                    "note": "x",
                }
            ),
        ]
        sister = cls.env["res.company"].create({"name": "Sister Cloud"})
        cls.roles = {
            "auditor": cls.auditor,
            "employee": cls._iaas_user("employee", "base.group_user"),
            "collector": cls._iaas_user(
                "collector", "iaas_billing.group_iaas_usage_collector"
            ),
            "portal": cls._iaas_portal_user("portal", cls.customer),
            "stranger": cls._iaas_portal_user("other", cls.other_customer),
            "manager of another company": cls._iaas_user(
                "sister",
                "iaas_billing.group_iaas_billing_manager",
                company_id=sister.id,
                company_ids=[(6, 0, sister.ids)],
            ),
        }
        cls.env.flush_all()

    def _get_buttons(self, record):
        """The names of the buttons that billing gives the model."""
        return [
            name
            for name in dir(type(record))
            if name.startswith("action_")
            and name not in _NOTES
            and "iaas_billing" in getattr(type(record), name).__module__
        ]

    def _find_writes(self, record, name):
        """The writing queries of a call, which is taken back."""
        queries = []
        execute = Cursor.execute

        def listen(cursor, query, *args, **kwargs):
            text = getattr(query, "code", query)
            if isinstance(text, str) and _WRITES.match(text):
                queries.append(text)
            return execute(cursor, query, *args, **kwargs)

        savepoint = self.env.cr.savepoint()
        try:
            with patch.object(Cursor, "execute", listen):
                getattr(record, name)()
                self.env.flush_all()
        except UserError:  # AccessError is one: all that it did is taken back
            queries = []
        finally:
            savepoint.close(rollback=True)
        return queries

    @mute_logger("odoo.addons.base.models.ir_rule", "odoo.addons.base.models.ir_model")
    def test_who_may_not_changes_nothing(self):
        tried = 0
        for record in self.records:
            for name in self._get_buttons(record):
                for role, user in self.roles.items():
                    with self.subTest(model=record._name, button=name, role=role):
                        self.env.invalidate_all()
                        writes = self._find_writes(record.with_user(user), name)
                        self.assertFalse(writes)
                        tried += 1
        self.assertGreater(tried, 300)

    def test_the_listener_hears(self):
        """Who may does change something."""
        [february] = self.records[1]
        manager = february.with_user(self.billing_manager)
        self.assertTrue(self._find_writes(manager, "action_take_back"))
