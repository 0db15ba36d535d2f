"""R46, R47: customers change and stop what they rent in the portal."""

from datetime import timedelta
from decimal import Decimal

from odoo import Command, fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from .test_portal_order import PortalOrderCommon, PortalOrderHttpMixin


class PortalResourceCommon(PortalOrderCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.large = cls._iaas_product("Large Server", cls.categ_compute, "200")
        cls.catalogue.product_ids += cls.large
        cls.server.product_tmpl_id.iaas_change_target_ids = cls.large
        cls._iaas_order(
            cls.contract, (cls.server, 1), (cls.disk, 100), (cls.traffic, 1)
        ).action_confirm()
        cls.instance, cls.volume, cls.metered = (
            cls.contract.resource_ids.filtered(lambda r, p=p: r.product_id == p)
            for p in (cls.server, cls.disk, cls.traffic)
        )
        cls.today = cls.contract._today()
        cls.contract.resource_ids.date_start = cls.today - timedelta(days=9)
        cls.later = cls.today + timedelta(days=10)

    def _text_day(self, day=None):
        return fields.Date.to_string(day or self.later)


@tagged("post_install", "-at_install")
class TestPortalResource(PortalResourceCommon):
    """Who changes what, and what the platform and finance see of it."""

    def _ask(self, resource, kind, user=None, day=None, **form):
        """What the pages do: read the form, then apply it; errors as a UserError."""
        own = resource.with_user(user or self.buyer)
        asked, errors = own._portal_read(kind, {"date": self._text_day(day), **form})
        if errors:
            raise UserError("\n".join(errors))
        own._portal_apply(asked)
        return asked

    def test_resize(self):
        self._ask(self.volume, "resize", quantity="250,5")
        self.assertEqual(
            [
                (segment.kind, segment.date_start, segment.quantity)
                for segment in self.volume.segment_ids.sorted("date_start")
            ],
            [
                ("start", self.volume.date_start, 100),
                ("resize", self.later, Decimal("250.5")),
            ],
        )
        last = self.volume.segment_ids.sorted("date_start")[-1:]
        self.assertEqual(last.create_uid, self.buyer)
        self.assertIn("buyer", last.reason)
        message = self.volume.message_ids[:1]
        self.assertEqual(message.author_id, self.buyer.partner_id)
        self.assertIn("250.5", message.body)
        self.assertIn(self.sales_user.partner_id, message.notified_partner_ids)

    def test_change_of_product(self):
        self._ask(self.instance, "product", product_id=str(self.large.id))
        last = self.instance.segment_ids.sorted("date_start")[-1:]
        self.assertEqual((last.product_id, last.monthly_fee), (self.large, 200))

    def test_stop(self):
        self._ask(self.instance, "stop")
        self.assertEqual(self.instance.date_end, self.later)
        self.assertEqual(self.instance.stop_asker_id, self.buyer)
        self.assertEqual(self.instance.state, "running")
        self._ask(self.metered, "stop", day=self.today)
        self.assertEqual(self.metered.date_end, self.today)

    def test_costs(self):
        """What the pages show is what the segments keep."""
        self.contract.line_ids = [
            Command.create({"product_id": self.large.id, "discount": "50"})
        ]
        own = self.instance.with_user(self.buyer)
        form = {"date": self._text_day(), "product_id": str(self.large.id)}
        asked, _errors = own._portal_read("product", form)
        self.assertEqual(own._portal_costs(asked), (72, 100))
        own._portal_apply(asked)
        last = self.instance.segment_ids.sorted("date_start")[-1:]
        self.assertEqual(last.monthly_fee, 100)
        asked, _errors = own._portal_read("stop", {"date": self._text_day()})
        self.assertEqual(own._portal_costs(asked), (100, 0))
        own = self.metered.with_user(self.buyer)
        asked, _errors = own._portal_read("stop", {"date": self._text_day()})
        self.assertEqual(own._portal_costs(asked), (None, 0))

    def test_costs_in_the_region(self):
        """R52: the fee is that of the region where it runs."""
        region = self.env["iaas.price.dimension.value"].create(
            {
                "dimension_id": self.env.ref(
                    "iaas_contract.iaas_price_dimension_region"
                ).id,
                "code": "tk1",
            }
        )
        self._iaas_price(
            self.large, "260", dimension_value_ids=[Command.set(region.ids)]
        )
        self.instance.dimension_value_ids = region
        own = self.instance.with_user(self.buyer)
        form = {"date": self._text_day(), "product_id": str(self.large.id)}
        asked, _errors = own._portal_read("product", form)
        self.assertEqual(own._portal_costs(asked), (72, 260))
        self.assertEqual(own._portal_targets()[0]["fee"], 260)

    def test_twice_is_once(self):
        for resource, kind, form in (
            (self.volume, "resize", {"quantity": "250"}),
            (self.instance, "product", {"product_id": str(self.large.id)}),
            (self.metered, "stop", {}),
        ):
            self._ask(resource, kind, **form)
            messages, segments = resource.message_ids, resource.segment_ids
            self._ask(resource, kind, **form)
            self.assertEqual(resource.message_ids, messages)
            self.assertEqual(resource.segment_ids, segments)

    def test_above_the_credit_limit_waits(self):
        self._limit_credit(90)
        own = self.volume.with_user(self.buyer)
        asked = self._ask(self.volume, "resize", quantity="5000")
        self.assertFalse(self.volume.segment_ids)
        hold = self.env["iaas.resource.hold"].search([])
        self.assertEqual((hold.user_id, hold.state), (self.buyer, "waiting"))
        self.assertEqual(hold.activity_ids.user_id, self.sales_user)
        own._portal_apply(asked)
        self.assertEqual(self.env["iaas.resource.hold"].search([]), hold)
        with self.assertRaisesRegex(UserError, "waits for release"):
            self._ask(self.volume, "resize", quantity="6000")
        own._portal_take_back("hold", str(hold.id))
        self.assertEqual(hold.state, "withdrawn")
        self._ask(self.volume, "resize", quantity="6000")
        hold = self.env["iaas.resource.hold"].search([("state", "=", "waiting")])
        hold._release("Deposit received")
        self.assertEqual(len(self.volume.segment_ids), 2)

    def test_trial_leaves_nothing(self):
        self._limit_credit(90)
        own = self.volume.with_user(self.buyer)
        for quantity, exceeds in (("5000", True), ("110", False)):
            form = {"date": self._text_day(), "quantity": quantity}
            asked, _errors = own._portal_read("resize", form)
            messages = self.volume.message_ids
            self.assertEqual(own._portal_exceeds_credit(asked), exceeds)
            self.assertFalse(self.volume.segment_ids)
            self.assertEqual(self.volume.message_ids, messages)
            self.assertFalse(self.env["iaas.resource.hold"].search([]))

    def test_take_back_a_change(self):
        self._ask(self.volume, "resize", day=self.later, quantity="200")
        self._ask(
            self.volume, "resize", day=self.later + timedelta(days=5), quantity="300"
        )
        own = self.volume.with_user(self.buyer)
        (pending,) = own._portal_pending()
        self.assertEqual(pending["record"].quantity, 300)
        own._portal_take_back("change", pending["key"])
        own._portal_take_back("change", pending["key"])
        segments = self.volume.segment_ids.sorted("date_start")
        self.assertEqual(segments.mapped("quantity"), [100, 200])
        self.assertFalse(segments[-1:].date_end)
        (pending,) = own._portal_pending()
        own._portal_take_back("change", pending["key"])
        self.assertFalse(self.volume.segment_ids)
        self.assertEqual(self.volume.quantity, 100)
        self.assertIn("took back", self.volume.message_ids[:1].body)

    def test_take_back_a_stop(self):
        self._ask(self.instance, "stop")
        own = self.instance.with_user(self.buyer)
        own._portal_take_back("stop", self._text_day())
        self.assertFalse(self.instance.date_end)
        self.assertFalse(own._portal_pending())

    def test_what_others_decided_stays(self):
        """A stop or suspension by operations is not the customer's to take back."""
        own = self.instance.with_user(self.buyer)
        self._ask(self.instance, "stop")
        self.instance.with_user(self.ops_user).date_end = self.today
        self.assertFalse(own._portal_pending())
        own._portal_take_back("stop", self._text_day(self.today))
        self.assertEqual(self.instance.date_end, self.today)
        self.volume.with_user(self.ops_user)._change("suspend", self.later)
        own = self.volume.with_user(self.buyer)
        self.assertFalse(own._portal_pending())
        own._portal_take_back("change", str(self.volume.segment_ids[-1:].id))
        self.assertEqual(len(self.volume.segment_ids), 2)
        with self.assertRaisesRegex(UserError, "not set by|follow from"):
            self.instance.with_user(self.ops_user).stop_asker_id = self.ops_user

    def test_taking_back_needs_no_credit(self):
        """What was given up counts for credit until its day, so it may go on."""
        self._ask(self.volume, "resize", quantity="20")
        self._limit_credit(1)
        own = self.volume.with_user(self.buyer)
        (pending,) = own._portal_pending()
        own._portal_take_back("change", pending["key"])
        self.assertFalse(self.volume.segment_ids)
        self._ask(self.volume, "stop", day=self.today)
        own._portal_take_back("stop", self._text_day(self.today))
        self.assertFalse(self.volume.date_end)
        self.volume._stop(self.today - timedelta(days=1))
        with self.assertRaisesRegex(UserError, "still to come"):
            self.volume._take_back_stop()

    def test_other_roles_and_companies(self):
        """R46: neither a colleague without the role nor another company's buyer."""
        for user in (self.reader, self.stranger):
            self.assertFalse(self.volume.with_user(user)._portal_may_change())
            for call in (
                lambda user=user: self._ask(self.volume, "resize", user, quantity="5"),
                lambda user=user: self._ask(self.volume, "stop", user),
                lambda user=user: self.volume.with_user(user)._portal_take_back(
                    "stop", "x"
                ),
                lambda user=user: self.volume.with_user(user)._portal_targets(),
            ):
                with self.assertRaises(AccessError):
                    call()
        for user in (self.buyer, self.stranger, self.reader):
            with self.assertRaises(AccessError), mute_logger("odoo.models"):
                self.volume.with_user(user).write({"name": "Mine"})
        self.assertFalse(self.volume.segment_ids)

    def test_contract_that_is_over(self):
        self._ask(self.volume, "stop")
        self.contract.sudo()._set_life(state="ended")
        self.assertFalse(self.volume.with_user(self.buyer)._portal_may_change())
        with self.assertRaises(AccessError):
            self.volume.with_user(self.buyer)._portal_take_back(
                "stop", self._text_day()
            )

    def test_refused_in_words(self):
        planned = self.volume.copy({"date_start": self.later})
        for resource, kind, values, words in (
            (self.volume, "resize", {"quantity": ""}, "Enter the new quantity"),
            (self.volume, "resize", {"quantity": "x"}, "x is not a number"),
            (self.volume, "resize", {"quantity": "NaN"}, "not a number"),
            (self.volume, "resize", {"quantity": "0"}, "above zero"),
            (self.volume, "resize", {"quantity": "-1"}, "above zero"),
            (self.volume, "resize", {"quantity": "100"}, "quantity already"),
            (self.volume, "resize", {"quantity": "1e30"}, "At most"),
            (self.volume, "resize", {"quantity": "5", "date": ""}, "Choose a day"),
            (self.volume, "resize", {"quantity": "5", "date": "x"}, "Choose a day"),
            (
                self.volume,
                "resize",
                {"quantity": "5", "date": "2020-01-01"},
                "cannot be before",
            ),
            (self.instance, "resize", {"quantity": "5"}, "resource of its own"),
            (self.instance, "product", {}, "Choose the new service"),
            (
                self.instance,
                "product",
                {"product_id": str(self.database.id)},
                "Choose the new service",
            ),
            (self.metered, "resize", {"quantity": "5"}, "charged every month"),
            (planned, "stop", {"date": self._text_day(self.today)}, "cannot stop"),
            (self.volume, "stop", {"date": "2020-01-01"}, "cannot be before"),
        ):
            with (
                self.subTest(kind=kind, **values),
                self.assertRaisesRegex(UserError, words),
            ):
                self._ask(resource, kind, **values)
        self._ask(self.instance, "stop")
        with self.assertRaisesRegex(UserError, "stops on"):
            self._ask(self.instance, "product", product_id=str(self.large.id))
        self.volume._change("suspend", self.today)
        with self.assertRaisesRegex(UserError, "suspended"):
            self._ask(self.volume, "resize", quantity="5")

    def test_operations_take_back_changes(self):
        self.volume._change("suspend", self.later)
        own = self.volume.with_user(self.ops_user)
        self.assertTrue(own.is_change_planned)
        for user in (self.sales_user, self.auditor):
            with self.assertRaises(AccessError):
                self.volume.with_user(user).action_take_back_change()
        own.action_take_back_change()
        self.assertFalse(self.volume.segment_ids)
        with self.assertRaisesRegex(UserError, "no change is still to come"):
            own.action_take_back_change()


@tagged("post_install", "-at_install")
class TestPortalResourceHttp(PortalOrderHttpMixin, PortalResourceCommon, HttpCase):
    """The pages, as a customer opens them and as an attacker does."""

    def _url(self, resource, path=""):
        return f"/my/iaas/resources/{resource.id}{path}"

    def _confirm(self, resource, kind, **values):
        page = "stop" if kind == "stop" else "change"
        path = self._url(resource, f"/confirm/{kind}")
        form = self._form(self.url_open(self._url(resource, f"/{page}")), path)
        return self._post(path, form | values)

    def test_resize_sent_twice(self):
        self._login(self.buyer)
        confirm = self._confirm(
            self.volume, "resize", quantity="250", date=self._text_day()
        )
        for words in ("5.00", "12.50", "Monthly fee before tax"):
            self.assertIn(words, self._text(confirm))
        path = self._url(self.volume, "/submit/resize")
        form = self._form(confirm, path)
        for _click in range(2):
            answer = self._post(path, form)
            self.assertIn("we have your request", self._text(answer))
        self.assertEqual(len(self.volume.segment_ids), 2)
        page = self.url_open(self._url(self.volume))
        back = self._form(page, self._url(self.volume, "/take-back"))
        answer = self._post(self._url(self.volume, "/take-back"), back)
        self.assertIn("Taken back", self._text(answer))
        self.assertFalse(self.volume.segment_ids)
        self._post(self._url(self.volume, "/take-back"), back)
        # What was confirmed before the change was taken back still stands as shown.
        self._post(path, form)
        self.assertEqual(len(self.volume.segment_ids), 2)

    def test_amount_that_changed_is_shown_again(self):
        self._login(self.buyer)
        confirm = self._confirm(self.instance, "product", product_id=str(self.large.id))
        path = self._url(self.instance, "/submit/product")
        form = self._form(confirm, path)
        self.contract.line_ids.discount = "20"
        answer = self._post(path, form)
        self.assertIn("amounts have changed", self._text(answer))
        self.assertFalse(self.instance.segment_ids)
        self._post(path, self._form(answer, path))
        self.assertEqual(len(self.instance.segment_ids), 2)

    def test_stop_and_its_list(self):
        self._login(self.buyer)
        self.contract.commitment_amount = "50"
        confirm = self._confirm(self.instance, "stop", date=self._text_day())
        self.assertIn("agrees on at least", self._text(confirm))
        path = self._url(self.instance, "/submit/stop")
        answer = self._post(path, self._form(confirm, path))
        self.assertIn("Stops: the last day is", self._text(answer))
        self.assertEqual(self.instance.date_end, self.later)

    def test_errors_keep_what_was_typed(self):
        self._login(self.buyer)
        answer = self._confirm(
            self.volume, "resize", quantity="100", date=self._text_day()
        )
        self.assertIn("Nothing has been changed", self._text(answer))
        self.assertIn("quantity already", self._text(answer))
        kept = self._form(answer, self._url(self.volume, "/confirm/resize"))
        self.assertEqual((kept["quantity"], kept["date"]), ("100", self._text_day()))

    def test_held_change_says_so(self):
        self._limit_credit(90)
        self._login(self.buyer)
        confirm = self._confirm(self.volume, "resize", quantity="5000")
        self.assertIn("waits for release", self._text(confirm))
        path = self._url(self.volume, "/submit/resize")
        answer = self._post(path, self._form(confirm, path))
        self.assertIn("waits for release", self._text(answer))
        self.assertFalse(self.volume.segment_ids)

    @mute_logger("odoo.addons.base.models.ir_rule")
    def test_every_page_for_those_who_may_not(self):
        """Another company's buyer, a colleague without the role, a stopped
        resource."""
        stopped = self.metered
        stopped._stop(self.today - timedelta(days=1))
        for user, resource in (
            (self.stranger, self.volume),
            (self.reader, self.volume),
            (self.buyer, stopped),
        ):
            self._login(user)
            data = self._csrf() | {
                "date": self._text_day(),
                "quantity": "250",
                "product_id": str(self.large.id),
                "what": "change",
                "shown": "5|12.5",
            }
            before = resource.message_ids
            for path in ("/change", "/stop"):
                page = self.url_open(self._url(resource, path))
                self.assertNotIn("See what", page.text)
            for path in (
                *(
                    f"/{step}/{kind}"
                    for step in ("confirm", "submit")
                    for kind in ("resize", "product", "stop", "suspend")
                ),
                "/take-back",
            ):
                page = self._post(self._url(resource, path), data)
                self.assertNotIn("Monthly fee", page.text)
                self.assertNotIn("we have your request", page.text)
            resource.invalidate_recordset()
            self.assertFalse(resource.segment_ids)
            self.assertEqual(resource.message_ids, before)
        self.assertFalse(self.volume.date_end)
        # What it costs, too, is for those who order.
        for user, shown in ((self.reader, False), (self.buyer, True)):
            self._login(user)
            page = self.url_open(self._url(self.volume)).text
            self.assertEqual("/stop" in page, shown)
            self.assertEqual("Monthly fee" in page, shown)

    def test_unknown_kinds(self):
        self._login(self.buyer)
        data = self._csrf() | {"date": self._text_day(), "quantity": "5"}
        for step in ("confirm", "submit"):
            self._post(self._url(self.volume, f"/{step}/suspend"), data)
        self.assertFalse(self.volume.segment_ids)

    def test_tour(self):
        """In a browser: resize, take back, then stop."""
        self.start_tour(
            self._url(self.volume), "iaas_portal_resource", login=self.buyer.login
        )
        self.assertFalse(self.volume.segment_ids)
        self.assertEqual(self.volume.date_end, self.today)
