from datetime import date

from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..models.iaas_contract_transitions import SYSTEM, TRANSITIONS
from .common import IaasContractCommon


@tagged("post_install", "-at_install")
@freeze_time("2026-03-10 12:00:00")
class TestContractTransitions(IaasContractCommon):
    """Every change of status by every role is allowed or refused as the table says."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.roles = cls._iaas_roles()
        cls.states = [
            state for state, _label in cls.contract._fields["state"].selection
        ]

    def _contract_in(self, state):
        """A contract whose terms are approved and whose customer is verified."""
        contract = self._iaas_contract(self.customer)
        contract.approved_digest = contract._terms_digest()
        contract.state = state
        return contract

    @mute_logger("odoo.addons.base.models.ir_rule")
    def test_each_role_and_each_pair(self):
        for start in self.states:
            contract = self._contract_in(start)
            for end in self.states:
                transition = TRANSITIONS.get((start, end))
                for role, user in self.roles.items():
                    allowed = bool(transition) and any(
                        user.has_group(group) for group in transition.groups
                    )
                    with self.subTest(start=start, end=end, role=role):
                        self._try(contract.with_user(user), end, allowed)
                with self.subTest(start=start, end=end, role="system"):
                    self._try(contract, end, bool(transition))

    def _try(self, contract, end, allowed):
        start = contract.sudo().state
        if allowed:
            contract._set_life(state=end)
            self.assertEqual(contract.sudo().state, end)
            contract.sudo().state = start
        else:
            with self.assertRaises(UserError):  # AccessError is one
                contract._set_life(state=end)
            self.assertEqual(contract.sudo().state, start)

    def test_table_is_what_the_business_agreed(self):
        """The facts of the table that a slip of the pen must not change."""
        self.assertLessEqual(
            {s for pair in TRANSITIONS for s in pair}, set(self.states)
        )
        ends = {"renewed", "terminated"}
        self.assertFalse([start for start, _end in TRANSITIONS if start in ends])
        self.assertEqual(
            [pair for pair in TRANSITIONS if pair[0] == "ended"], [("ended", "renewed")]
        )
        # Only the calendar lets a contract expire, end or count as renewed.
        for (_start, end), transition in TRANSITIONS.items():
            if end in ("expiring", "ended", "renewed"):
                self.assertEqual(transition.groups, SYSTEM)
        # Nothing is sent that did not go through review and approval.
        self.assertEqual([s for s, e in TRANSITIONS if e == "sent"], ["approval"])
        self.assertEqual([s for s, e in TRANSITIONS if e == "approval"], ["review"])
        self.assertEqual([s for s, e in TRANSITIONS if e == "signed"], ["sent"])

    def test_refusal_names_who_may(self):
        contract = self._contract_in("active").with_user(self.sales_user)
        with self.assertRaisesRegex(
            AccessError, "from Active to Terminated by: .*User"
        ):
            contract._set_life(state="terminated")
        with self.assertRaisesRegex(UserError, "cannot be set to Signed"):
            contract._set_life(state="signed")

    def test_termination_by_sales_user(self):
        with self.assertRaises(AccessError):
            self.contract.with_user(self.sales_user)._terminate(
                date(2026, 3, 31), "Moves in house"
            )
        self.assertFalse(self.contract.termination_date)


@tagged("post_install", "-at_install")
@freeze_time("2026-03-10 12:00:00")
class TestTermsDigest(IaasContractCommon):
    def test_changes_with_each_term(self):
        contract = self._iaas_contract(self.customer)
        digest = contract._terms_digest()
        self.assertRegex(digest, r"^[0-9a-f]{64}$")
        contract.write({"title": "Another title", "user_id": self.ops_user.id})
        self.assertEqual(contract._terms_digest(), digest)
        line = self.env["iaas.contract.line"].create(
            {
                "contract_id": contract.id,
                "product_id": self.server.id,
                "discount": "10",
            }
        )
        seen = {digest, contract._terms_digest()}
        for record, values in (
            (contract, {"date_end": date(2028, 12, 31)}),
            (contract, {"settlement_mode": "prepaid"}),
            (contract, {"note": "<p>Delivery in Osaka</p>"}),
            (line, {"discount": "10.5"}),
            (line, {"date_end": date(2026, 12, 31)}),
        ):
            record.write(values)
            digest = contract._terms_digest()
            self.assertNotIn(digest, seen)
            seen.add(digest)
        price = self._iaas_price(self.server, "70", contract_id=contract.id)
        self.assertNotIn(contract._terms_digest(), seen)
        price.unlink()
        self.assertEqual(contract._terms_digest(), digest)

    def test_same_terms_same_digest(self):
        contract = self._iaas_contract(self.customer)
        lines = self.env["iaas.contract.line"].create(
            [
                {
                    "contract_id": contract.id,
                    "product_id": product.id,
                    "discount": discount,
                }
                for product, discount in ((self.server, "10.50"), (self.disk, "5"))
            ]
        )
        digest = contract._terms_digest()
        lines[0].write({"discount": "10.5", "sequence": 99})
        self.env.invalidate_all()
        self.assertEqual(contract._terms_digest(), digest)
