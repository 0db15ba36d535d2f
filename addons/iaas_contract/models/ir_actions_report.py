import io

from odoo import fields, models


class IrActionsReport(models.Model):
    """Reports that the server prints itself, as it prints contracts: they need no
    wkhtmltopdf, in the Print menu, by mail and in the portal alike."""

    _inherit = "ir.actions.report"

    is_paper = fields.Boolean(
        string="Printed by WeasyPrint",
        # Upgrading a database reads reports before it has the column.
        prefetch=False,
        help="The server makes the PDF itself, without wkhtmltopdf. For templates that "
        "are made for it only: a page of their own, in the layout of contracts.",
    )

    def _get_readable_fields(self):
        return super()._get_readable_fields() | {"is_paper"}

    def report_action(self, docids, data=None, config=True):
        if not self.is_paper:
            return super().report_action(docids, data, config)
        # The layout that an administrator is asked for is not that of papers.
        return super().report_action(docids, data, config=False) | {"is_paper": True}

    def _pre_render_qweb_pdf(self, report_ref, res_ids=None, data=None):
        if self._get_report(report_ref).is_paper:
            # Nothing is missing in tests, which get HTML of the other reports.
            self = self.with_context(force_report_rendering=True)
        return super()._pre_render_qweb_pdf(report_ref, res_ids, data)

    def _render_qweb_pdf_prepare_streams(self, report_ref, data, res_ids=None):
        report = self._get_report(report_ref)
        if not report.is_paper:
            return super()._render_qweb_pdf_prepare_streams(report_ref, data, res_ids)
        streams = {}
        for record in self.env[report.model].browse(res_ids):
            kept = report.attachment and report.retrieve_attachment(record)
            content = (
                kept.raw
                if kept and report.attachment_use
                else self._print_paper(report, record, data)
            )
            streams[record.id] = {"stream": io.BytesIO(content), "attachment": kept}
        return streams

    def _print_paper(self, report, record, data=None):
        """The PDF of one record, the same bytes from the same values."""
        html, _type = self._render_qweb_html(report, record.ids, dict(data or {}))
        return self.env["iaas.contract.paper"]._print(
            html.decode(), identifier=f"{report.report_name}:{record.id}"
        )
