import threading
from contextlib import contextmanager
from datetime import date

from psycopg2.errors import SerializationFailure

from odoo import SUPERUSER_ID, Command, api
from odoo.exceptions import UserError
from odoo.modules.registry import Registry
from odoo.tests import BaseCase, get_db_name, tagged
from odoo.tools import SQL, mute_logger

from .common_signing import IaasSigningCommon

MADE = ("iaas.contract", "sale.order", "product.product", "res.partner")


class ConcurrencyCommon(BaseCase):
    """Two people, on connections of their own.

    Inside a test's single transaction nobody could race; so these commit a customer
    with its contract, and delete both again.
    """

    def setUp(self):
        super().setUp()
        self.registry = Registry(get_db_name())
        self.made = {model: [] for model in MADE}
        self.addCleanup(self._clean)
        with self._connect() as env:
            partner = env["res.partner"].create(
                {"name": "Race", "is_company": True, "is_iaas_customer": True}
            )
            self._keep(partner)
            partner.iaas_verification_state = "verified"
            self._prepare(env, partner)

    @contextmanager
    def _connect(self):
        with self.registry.cursor() as cr:
            yield api.Environment(cr, SUPERUSER_ID, {})

    def _keep(self, record):
        self.made[record._name] += record.ids
        return record

    def _clean(self):
        """Past the guards by which signed files and decisions are kept."""
        with self._connect() as env:
            contracts = env["iaas.contract"].browse(self.made["iaas.contract"])
            orders = env["sale.order"].browse(self.made["sale.order"])
            files = contracts.document_ids.attachment_id
            env.flush_all()
            for statement in (
                # The certificate hangs on the signature, which hangs on the file.
                "UPDATE iaas_contract_document SET proof_of_id = NULL"
                " WHERE contract_id IN %s",
                "DELETE FROM iaas_contract_signature WHERE contract_id IN %s",
                "DELETE FROM iaas_contract_document WHERE contract_id IN %s",
                "DELETE FROM iaas_contract_decision WHERE contract_id IN %s",
                "DELETE FROM iaas_resource WHERE contract_id IN %s",
                "UPDATE iaas_contract SET state = 'draft' WHERE id IN %s",
            ):
                env.cr.execute(SQL(statement, tuple(contracts.ids)))
            if orders:
                env.cr.execute(
                    SQL("DELETE FROM sale_order WHERE id IN %s", tuple(orders.ids))
                )
            env.invalidate_all()
            files.unlink()
            contracts.unlink()
            products = env["product.product"].browse(self.made["product.product"])
            env["iaas.price"].search([("product_id", "in", products.ids)]).unlink()
            products.unlink()
            env["res.partner"].browse(self.made["res.partner"]).unlink()


@tagged("post_install", "-at_install")
class TestSignedTwice(ConcurrencyCommon):
    """R36: a document is signed once, whoever else signs it at the same moment."""

    def _prepare(self, env, partner):
        contract = self._keep(
            env["iaas.contract"].create(
                {
                    "title": "Race",
                    "partner_id": partner.id,
                    "date_start": date(2026, 1, 1),
                    "signing_route": "online",
                    "timezone": "UTC",
                }
            )
        )
        contract.action_send()
        self.document_id = contract._documents_to_sign().id

    def _sign(self, env, name):
        document = env["iaas.contract.document"].browse(self.document_id)
        document._sign_online(name, IaasSigningCommon._drawing(), document.sha256)

    def _signatures(self):
        with self._connect() as env:
            document = env["iaas.contract.document"].browse(self.document_id)
            self.assertEqual(document.contract_id.state, "active")
            return document.signature_ids.mapped("signed_by")

    @mute_logger("odoo.sql_db")
    def test_who_did_not_see_the_other_begins_again(self):
        with self._connect() as first, self._connect() as second:
            # Both have seen the page before either signs.
            for env in (first, second):
                env["iaas.contract.document"].browse(self.document_id).sha256  # noqa: B018
            self._sign(first, "First")
            first.cr.commit()
            with self.assertRaises(SerializationFailure):
                self._sign(second, "Second")
            second.cr.rollback()
            second.invalidate_all()
            with self.assertRaisesRegex(UserError, "already signed, by First"):
                self._sign(second, "Second")
            second.cr.rollback()
        self.assertEqual(self._signatures(), ["First"])

    @mute_logger("odoo.sql_db")
    def test_two_click_at_once(self):
        """A thread each; what the database stops is repeated, as the server does."""
        start, told = threading.Barrier(2), {}

        def sign(env, name):
            start.wait(10)
            for _again in range(3):
                try:
                    self._sign(env, name)
                    env.cr.commit()
                    told[name] = "signed"
                except SerializationFailure:
                    env.cr.rollback()
                    env.invalidate_all()
                    continue
                except UserError as error:
                    env.cr.rollback()
                    told[name] = str(error)
                return

        # The threads can't make environments: the one that tests holds the registry.
        with self._connect() as one, self._connect() as other:
            threads = []
            for env, name in ((one, "A"), (other, "B")):
                env.cr.execute("SELECT 1")
                threads.append(threading.Thread(target=sign, args=(env, name)))
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(60)
        signed = [name for name, word in told.items() if word == "signed"]
        self.assertEqual(len(signed), 1, told)
        self.assertEqual(self._signatures(), signed)
        [other] = {"A", "B"} - set(signed)
        self.assertIn(f"already signed, by {signed[0]}", told[other])

    @mute_logger("odoo.sql_db")
    def test_terms_change_while_it_is_signed(self):
        """Either the signature is of these terms, or there is none."""
        with self._connect() as signing, self._connect() as writing:
            signing["iaas.contract.document"].browse(self.document_id).sha256  # noqa: B018
            document = writing["iaas.contract.document"].browse(self.document_id)
            document.contract_id.note = "<p>Free of charge</p>"
            writing.cr.commit()
            with self.assertRaises(SerializationFailure):
                self._sign(signing, "First")
            signing.cr.rollback()
            signing.invalidate_all()
            with self.assertRaisesRegex(UserError, "void"):
                self._sign(signing, "First")
            signing.cr.rollback()


@tagged("post_install", "-at_install")
class TestCreditRace(ConcurrencyCommon):
    """R47: two orders that fit in the credit limit one by one do not pass together."""

    def _prepare(self, env, partner):
        product = self._keep(
            env["product.product"].create(
                {
                    "name": "Racing server",
                    "type": "service",
                    "is_iaas": True,
                    "iaas_charge_kind": "recurring",
                    "iaas_resource_policy": "per_unit",
                    "taxes_id": [],
                }
            )
        )
        env["iaas.price"].create({"product_id": product.id, "unit_price": 80})
        contract = self._keep(
            env["iaas.contract"].create(
                {
                    "title": "Race",
                    "partner_id": partner.id,
                    "date_start": date(2026, 1, 1),
                    "credit_limit_amount": 100,
                    "timezone": "UTC",
                }
            )
        )
        contract.state = "active"
        contract._current_version()
        orders = env["sale.order"].create(
            [
                {
                    "partner_id": partner.id,
                    "iaas_contract_id": contract.id,
                    "order_line": [
                        Command.create({"product_id": product.id, "product_uom_qty": 1})
                    ],
                }
                for _number in range(2)
            ]
        )
        self.order_ids = self._keep(orders).ids

    @mute_logger("odoo.sql_db")
    def test_orders_are_checked_one_after_the_other(self):
        with self._connect() as first, self._connect() as second:
            one, other = (
                env["sale.order"].browse(order_id)
                for env, order_id in zip((first, second), self.order_ids, strict=True)
            )
            self.assertFalse(one.is_iaas_credit_blocked or other.is_iaas_credit_blocked)
            one.action_confirm()
            first.cr.commit()
            with self.assertRaises(SerializationFailure):
                other.action_confirm()
            second.cr.rollback()
            second.invalidate_all()
            with self.assertRaisesRegex(UserError, "above the limit"):
                other.action_confirm()
            second.cr.rollback()
