import hashlib
import io
import logging
import re
import threading
from functools import cache

from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import file_open, file_path
from odoo.tools.misc import get_lang
from odoo.tools.pdf import PdfFileReader, PdfReadError

STYLE = "iaas_contract/static/print/contract.css"
# It logs its progress, and as errors what it is not to load: pictures in a note.
for _name in ("weasyprint", "weasyprint.progress"):
    logging.getLogger(_name).setLevel(logging.CRITICAL)
# White space around the words of a block means nothing, and yet WeasyPrint breaks the
# line after the first word where all words just fit.
_BLOCK = r"(?:p|div|td|th|li|h[1-6])\b[^<>]*>"
_OUTER_SPACE = re.compile(rf"(<{_BLOCK})\s+|\s+(</{_BLOCK})")
# Whose fonts are shared: one document at a time.
_printing = threading.Lock()


@cache
def _fonts():
    """The fonts of the machine. Looking for them takes longer than to print a
    contract, so it is done once."""
    from weasyprint.text.fonts import FontConfiguration

    return FontConfiguration()


class IaasContractPaper(models.AbstractModel):
    """Makes PDF files of QWeb templates in the server's own process, the same bytes
    from the same values, and reads what is in PDF files that people upload."""

    _name = "iaas.contract.paper"
    _description = "Contract Papers"

    @api.model
    def _render(self, template, values, language=None, identifier=""):
        """The template as PDF bytes.

        :param identifier: goes into the file's identifier, so that equal content of
            different documents makes different files and nothing else does
        """
        paper = self.with_context(lang=get_lang(self.env, language).code)
        html = paper.env["ir.qweb"]._render(
            template,
            {
                "lang": get_lang(self.env, language).iso_code.replace("_", "-"),
                **values,
            },
        )
        return self._print(str(html), identifier)

    @api.model
    def _print(self, html, identifier=""):
        """The page as PDF bytes, in the style of the papers."""
        # It logs while it is imported, so not before its loggers are silenced above.
        from weasyprint import CSS, HTML
        from weasyprint.urls import URLFetcher

        # What a template or a note may name is not loaded: no network, no files.
        fetcher = URLFetcher(allowed_protocols=["data"], fail_on_errors=False)
        with file_open(STYLE, "r") as style:
            sheet = CSS(string=style.read())
        page = HTML(
            string=_OUTER_SPACE.sub(r"\1\2", html),
            url_fetcher=fetcher,
            base_url=file_path(STYLE),
        )
        with _printing:
            return page.write_pdf(
                stylesheets=[sheet],
                font_config=_fonts(),
                pdf_identifier=hashlib.sha256(identifier.encode()).digest()[:16],
            )

    @api.model
    def _count_pages(self, content):
        """How many pages a PDF has; refuse what is none."""
        try:
            return len(PdfFileReader(io.BytesIO(content), strict=False).pages)
        except (PdfReadError, ValueError, KeyError, TypeError, OSError):
            raise UserError(
                self.env._(
                    "This file cannot be read as a PDF. Scan the pages into one PDF "
                    "file and upload that."
                )
            ) from None

    @api.model
    def _sha256(self, content):
        return hashlib.sha256(content or b"").hexdigest()
