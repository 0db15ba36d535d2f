import io
import json
import re
from datetime import date
from decimal import Decimal
from unittest.mock import patch

import openpyxl
from freezegun import freeze_time

from odoo import Command, http
from odoo.tests import HttpCase, tagged
from odoo.tools.pdf import PdfFileReader

from ..models import iaas_statement_paper
from .common import IaasBillingCommon
from .common_advance import IaasAdvanceCommon


def close_up(text):
    """Without white space: where lines break is of no concern."""
    return "".join(text.replace("\N{ZERO WIDTH NO-BREAK SPACE}", "").split())


def read_pages(content):
    """The text of each page, closed up."""
    assert content.startswith(b"%PDF-"), content[:20]
    pages = PdfFileReader(io.BytesIO(content), strict=False).pages
    return [close_up(page.extract_text()) for page in pages]


def read_paper(statement):
    """The text of the PDF of a statement."""
    return "".join(read_pages(statement._export("pdf")[2]))


class PrintedCommon:
    def _money(self, statement, amount):
        return statement.currency_id.format(amount)

    def assertPrinted(self, text, *parts):
        for part in parts:
            self.assertIn(close_up(part), text)


class PaperCommon(PrintedCommon, IaasBillingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._keep_transaction()
        cls.instance = cls._iaas_resource(cls.server)
        cls.resource = cls._iaas_resource(cls.traffic)
        cls._use(cls.resource, ("2026-01-10 00:00:00", "12000.25"))
        cls.contract.line_ids = [
            Command.create({"product_id": cls.traffic.id, "discount": "10"})
        ]


@tagged("post_install", "-at_install")
class TestStatementPaper(PaperCommon):
    """The PDF of a statement says what the statement says."""

    def test_totals_are_those_of_the_statement(self):
        """Lines, groups, list amount, discount, taxes and due date."""
        statement = self._bill_month(2026, 1)
        statement.move_id.partner_bank_id = self.env["res.partner.bank"].create(
            {"acc_number": "ACC-4711", "partner_id": self.company.partner_id.id}
        )
        text = read_paper(statement)
        move = statement.move_id
        self.assertPrinted(
            text,
            f"Statement {statement.name}",
            self.customer.name,
            self.company.name,
            self.contract.name,
            "Jan 1, 2026 to Jan 31, 2026",
            "Jan 1 – 31",
            "12,000.25",
            "10 %",
            move.name,
            "ACC-4711",
            "07/10/2026",
            "Sales tax 10 %",
            statement.content_hash[:20],
            f"Amounts are in {statement.currency_id.name}",
            "Page 1 / 1",
        )
        listed = sum(statement.line_ids.mapped("list_amount"))
        amounts = [
            *statement.line_ids.mapped("amount"),
            statement.amount_untaxed,
            move.amount_tax,
            move.amount_total,
            float(round(listed, 2)),
            statement.amount_untaxed - float(round(listed, 2)),
        ]
        for amount in amounts:
            self.assertPrinted(text, self._money(statement, amount))
        self.assertPrinted(
            text,
            f"Total before tax {self._money(statement, statement.amount_untaxed)}",
            f"Total with tax {self._money(statement, move.amount_total)}",
        )

    def test_without_discounts_there_are_no_columns_for_them(self):
        self.contract.line_ids.unlink()
        text = read_paper(self._bill_month(2026, 1))
        self.assertNotIn("Discount", text)
        self.assertNotIn("Listamount", text)

    def test_without_taxes(self):
        self.env["product.product"].search([("is_iaas", "=", True)]).taxes_id = False
        statement = self._bill_month(2026, 1)
        self.assertPrinted(
            read_paper(statement),
            f"Taxes {self._money(statement, 0)}",
            f"Total with tax {self._money(statement, statement.amount_untaxed)}",
        )

    def test_same_bytes(self):
        statement = self._bill_month(2026, 1)
        first, second = (statement._export("pdf")[2] for _time in range(2))
        self.assertEqual(first, second)

    def test_draft_and_void_are_told(self):
        self.env.company.statement_review = True
        statement = self._bill_month(2026, 1)
        self.assertPrinted(read_paper(statement), "DRAFT, not yet final")
        statement.action_approve()
        self.assertNotIn("DRAFT", read_paper(statement))
        statement.with_user(self.billing_manager)._void("Wrong customer")
        self.assertPrinted(read_paper(statement), "VOID: Wrong customer")

    def test_correction(self):
        statement = self._bill_month(2026, 1)
        with freeze_time("2026-07-11 09:00:00"):
            self._use(self.resource, ("2026-01-20 00:00:00", "1000"))
        correction = self.env["iaas.statement"].browse(
            statement.action_correct()["res_id"]
        )
        correction.action_post_correction()
        [line] = correction.line_ids
        text = read_paper(correction)
        self.assertPrinted(
            text,
            f"Correction Statement {correction.name}",
            "12,000.25 → 13,000.25",
            f"only what differs from {statement.name}",
        )
        for amount in (
            line.exact_posted,
            line.exact_posted + line.amount_exact,
            line.amount,
            correction.move_id.amount_total,
        ):
            self.assertPrinted(text, self._money(correction, float(round(amount, 2))))

    def test_credit(self):
        statement = self._bill_month(2026, 1)
        credit = statement._make_credit(statement.line_ids[0], 5, "Outage of 3 March")
        text = read_paper(credit)
        self.assertPrinted(
            text,
            f"Agreed Credit {credit.name}",
            "Outage of 3 March",
            f"Credit note {credit.move_id.name}",
            self._money(credit, -5),
            self._money(credit, -credit.move_id.amount_total),
        )
        self.assertNotIn("Due", text)

    def test_quantities(self):
        line = self._bill_month(2026, 1).line_ids.filtered("meter_id")
        for number, text in (
            ("1E+3", "1,000"),
            ("-1234567.1234567", "-1,234,567.123457"),
            ("0.0000001", "0"),
            ("-0.5", "-0.5"),
            ("0.10", "0.1"),
        ):
            self.assertEqual(line._number_text(Decimal(number)), text)

    def test_chinese_and_japanese(self):
        self.env["res.lang"]._activate_lang("zh_CN")
        self.customer.write({"name": "东京云计算有限公司", "lang": "zh_CN"})
        self.server.name = "クラウドサーバー"
        statement = self._bill_month(2026, 1)
        text = read_paper(statement)
        self.assertPrinted(
            text, "东京云计算有限公司", "クラウドサーバー", "1月1日至31日"
        )
        html, _type = self.env["ir.actions.report"]._render_qweb_html(
            "iaas_billing.action_report_statement", statement.ids
        )
        self.assertIn('<html lang="zh-CN">', html.decode())

    def test_what_is_named_is_not_run_or_loaded(self):
        self.server.name = "<img src='http://127.0.0.1:9/x'><b>Bold</b>"
        text = read_paper(self._bill_month(2026, 1))
        self.assertPrinted(text, "<b>Bold</b>")

    def test_many_lines(self):
        """Every page has the head of the table; what is left out is summed up."""
        count = 120
        self.env["iaas.resource"].create(
            [
                {
                    "name": f"worker-{number:03}",
                    "contract_id": self.contract.id,
                    "product_id": self.server.id,
                    "date_start": date(2026, 1, 1),
                }
                for number in range(count)
            ]
        )
        statement = self._bill_month(2026, 1)
        pages = read_pages(statement._export("pdf")[2])
        self.assertGreater(len(pages), 3)
        for number, page in enumerate(pages, start=1):
            self.assertPrinted(page, f"Page {number} / {len(pages)}")
        for page in pages[:-1]:
            self.assertPrinted(page, "Service Days Quantity")
        text = "".join(pages)
        self.assertEqual(len(set(re.findall(r"worker-\d+", text))), count)
        self.assertNotIn("morelines", text)
        with patch.object(iaas_statement_paper, "_PAPER_LINES", 22):
            text = read_paper(statement)
        self.assertEqual(len(set(re.findall(r"worker-\d+", text))), 20)
        more = self._money(statement, 100 * 80)
        self.assertPrinted(text, f"100 more lines: see the detail file {more}")

    def test_mail_brings_it(self):
        """Without wkhtmltopdf too: who gets statements gets the PDF."""
        self.contact.write(
            {
                "email": "mei@example.com",
                "iaas_contact_role_ids": self.env.ref(
                    "iaas_billing.iaas_contact_role_billing"
                ).ids,
            }
        )
        statement = self._bill_month(2026, 1)
        report = self.env.registry["ir.actions.report"]
        with patch.object(report, "get_wkhtmltopdf_state", lambda self: "install"):
            statement.with_user(self.billing_user).action_mail()
        mail = self.env["mail.mail"].search(
            [("model", "=", statement._name), ("res_id", "=", statement.id)]
        )
        [pdf] = mail.attachment_ids.filtered(lambda file: file.name.endswith(".pdf"))
        self.assertEqual(pdf.mimetype, "application/pdf")
        self.assertIn(statement.name, "".join(read_pages(pdf.raw)))

    def test_workbook(self):
        """The first sheet tells the totals, the second the lines; both to be read and
        printed as they are."""
        statement = self._bill_month(2026, 1)
        _name, _mimetype, content = statement._export("xlsx")
        book = openpyxl.load_workbook(io.BytesIO(content))
        facts = {
            row[0]: [cell for cell in row[1:] if cell is not None][-1]
            for row in book["Statement"].iter_rows(min_row=2, values_only=True)
            if row[0] and any(cell is not None for cell in row[1:])
        }
        self.assertEqual(facts["Number"], statement.name)
        self.assertEqual(facts["Total before tax"], statement.amount_untaxed)
        self.assertEqual(facts["Sales tax 10 %"], statement.move_id.amount_tax)
        self.assertEqual(facts["Total with tax"], statement.move_id.amount_total)
        for family, lines in statement.line_ids.grouped("family_id").items():
            self.assertEqual(facts[family.name], sum(lines.mapped("amount")))
        sheet = book["Lines"]
        self.assertEqual(sheet.freeze_panes, "A2")
        self.assertEqual(sheet.print_title_rows, "$1:$1")
        titles = {cell.value: cell.column_letter for cell in sheet[1]}
        amounts = sheet[titles["Amount"]]
        self.assertEqual(amounts[1].number_format, "#,##0.00;[Red]-#,##0.00")
        self.assertEqual(
            amounts[-1].value, f"=SUBTOTAL(109,{titles['Amount']}2:{titles['Amount']}3)"
        )
        values = openpyxl.load_workbook(io.BytesIO(content), data_only=True)["Lines"]
        self.assertAlmostEqual(
            values[titles["Amount"]][-1].value, statement.amount_untaxed
        )
        self.assertEqual(sheet[titles["Quantity"]][1].number_format, "#,##0")
        self.assertEqual(sheet[titles["Quantity"]][2].number_format, "#,##0.0#########")

    def test_csv_is_read_by_excel(self):
        statement = self._bill_month(2026, 1)
        content = statement._export("csv")[2]
        self.assertEqual(content[:3], b"\xef\xbb\xbf")
        self.assertTrue(content[3:].startswith(b"Statement,Corrects,Settles"))


@tagged("post_install", "-at_install")
class TestAdvancePaper(PrintedCommon, IaasAdvanceCommon):
    """R92: what was billed before the service, and what is left after it."""

    def test_advance_and_settlement(self):
        self.contract.write({"billing_timing": "share", "advance_percent": "30"})
        self._run(date(2026, 6, 30))
        advance = self._advances()
        july = self._settle_july()
        self.assertPrinted(
            read_paper(advance),
            f"Statement in Advance {advance.name}",
            "30 % in advance",
            "due before the service",
            f"Settled by {july.display_name}",
        )
        self.assertPrinted(
            read_paper(july),
            f"The period comes to {self._money(july, 80)}",
            f"Less billed in advance by {advance.name} (invoice "
            f"{advance.move_id.name}) {self._money(july, -24)}",
            f"Total before tax {self._money(july, 56)}",
        )


@tagged("post_install", "-at_install")
class TestPrint(PaperCommon, HttpCase):
    """The Print menu, and the portal of the customer and of nobody else."""

    now = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.statement = cls._bill_month(2026, 1)
        cls.user = cls._iaas_portal_user("reader", cls.customer)
        cls.stranger = cls._iaas_portal_user("stranger", cls.other_customer)
        for user in (cls.user, cls.stranger, cls.billing_user, cls.sales_user):
            user.password = "paper-password-1"

    def _login(self, user):
        self.authenticate(user.login, "paper-password-1")

    def _print(self):
        report = "iaas_billing.report_statement"
        return self.url_open(
            "/report/download",
            data={
                "csrf_token": http.Request.csrf_token(self),
                "data": json.dumps(
                    [f"/report/pdf/{report}/{self.statement.id}", "qweb-pdf"]
                ),
                "context": "{}",
            },
        )

    def test_print_menu(self):
        report = self.env.ref("iaas_billing.action_report_statement")
        self._login(self.billing_user)
        action = self.make_jsonrpc_request("/web/action/load", {"action_id": report.id})
        # The browser asks the server for the file and not for wkhtmltopdf.
        self.assertTrue(action["is_paper"])
        self.assertTrue(report.report_action(self.statement)["is_paper"])
        answer = self._print()
        self.assertEqual(answer.status_code, 200)
        self.assertIn(
            self.statement._file_name("pdf"), answer.headers["Content-Disposition"]
        )
        self.assertIn(self.statement.name, read_pages(answer.content)[0])

    def test_several_are_one_file(self):
        self._keep_transaction()
        statements = self.statement + self._bill_month(2026, 2)
        content, _type = self.env["ir.actions.report"]._render_qweb_pdf(
            "iaas_billing.action_report_statement", statements.ids
        )
        pages = read_pages(content)
        for statement, page in zip(statements, pages, strict=True):
            self.assertIn(statement.name, page)
            self.assertPrinted(page, "Page 1 / 1")

    def test_kept_as_attachment(self):
        """Where the administrator has it kept, it is printed once."""
        report = self.env.ref("iaas_billing.action_report_statement")
        report.write({"attachment": "object._file_name('pdf')", "attachment_use": True})
        first, _type = report._render_qweb_pdf(report, self.statement.ids)
        with patch.object(
            self.env.registry["iaas.contract.paper"],
            "_print",
            side_effect=AssertionError,
        ):
            second, _type = report._render_qweb_pdf(report, self.statement.ids)
        self.assertEqual(first, second)

    def test_upgrade_reads_reports_before_it_has_the_column(self):
        """The upgrade from the Apps menu runs this code on the old database."""
        field = self.env["ir.actions.report"]._fields["is_paper"]
        self.assertFalse(field.prefetch)

    def test_print_by_a_stranger(self):
        self._login(self.stranger)
        with self.assertLogs("odoo.addons.web.controllers.report", "WARNING"):
            answer = self._print()
        self.assertIn("odoo.exceptions.AccessError", answer.text)
        self.assertNotIn(b"%PDF", answer.content)

    def test_portal(self):
        url = f"/my/statements/{self.statement.id}/pdf"
        self._login(self.user)
        answer = self.url_open(url)
        self.assertEqual(answer.headers["Content-Type"], "application/pdf")
        self.assertIn(
            self.statement._file_name("pdf"), answer.headers["Content-Disposition"]
        )
        text = "".join(read_pages(answer.content))
        self.assertIn(self.statement.name, text)
        for user in (self.stranger, None):
            if user:
                self._login(user)
            else:
                self.authenticate(None, None)
            answer = self.url_open(url)
            self.assertNotIn(b"%PDF", answer.content)
            self.assertNotIn("Content-Disposition", answer.headers)
            answer = self.url_open(f"{url}?access_token=wrong")
            self.assertNotIn(b"%PDF", answer.content)
        token = self.statement._portal_ensure_token()
        answer = self.url_open(f"{url}?access_token={token}")
        self.assertIn(self.statement.name, "".join(read_pages(answer.content)))
