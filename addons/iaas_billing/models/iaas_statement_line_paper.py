from functools import lru_cache

from babel.dates import format_interval

from odoo import models
from odoo.tools.misc import babel_locale_parse, get_lang

from odoo.addons.iaas_contract.pricing import round_half_up
from odoo.addons.iaas_contract.pricing.numbers import exact

#: What is counted continuously has many; the files have them all.
_QUANTITY_DIGITS = 6
#: No language groups fewer digits.
_UNGROUPED = 3


class IaasStatementLine(models.Model):
    """How a line reads for the customer: in the PDF and in the portal."""

    _inherit = "iaas.statement.line"

    def _quantity_text(self):
        return self._number_text(self.quantity)

    def _counted_text(self):
        """What was counted; of a correction before it and now."""
        if self.correction_of_id:
            return self._change_text()
        return self._quantity_text()

    def _percent_text(self):
        return self._number_text(self.discount_percent)

    def _days_text(self):
        """The days of the line, short: the period says the year."""
        lang = get_lang(self.env).code
        return _interval_text(self.segment_start, self.segment_end, lang)

    def _origin_text(self):
        """What the line is of, below the name of the service."""
        texts = [self.resource_id.name, self.resource_id.external_ref]
        if self.resource_id.name == self.product_id.name:
            del texts[0]
        texts.append(self.dimension_text)
        if self.kind == "advance":
            percent = self._number_text(self.advance_percent)
            texts.append(self.env._("%(percent)s %% in advance", percent=percent))
        return " · ".join(filter(None, texts))

    def _change_text(self):
        """What was counted when it was posted and what is now, of a correction."""
        with exact():
            now = self.quantity_posted + self.quantity
        texts = [self._number_text(self.quantity_posted), self._number_text(now)]
        return " → ".join(dict.fromkeys(texts))

    def _get_posted_and_now(self):
        """The exact amounts before and after the correction, rounded for display."""
        digits = self.currency_id.decimal_places
        with exact():
            now = self.exact_posted + self.amount_exact
        return [round_half_up(amount, digits) for amount in (self.exact_posted, now)]

    def _number_text(self, number):
        """The number as the language writes it, without trailing zeros and without
        passing through a float."""
        text = f"{round_half_up(number, _QUANTITY_DIGITS):f}"
        whole, _point, fraction = text.partition(".")
        lang = get_lang(self.env)
        text = whole.lstrip("-")
        if len(text) > _UNGROUPED:
            # To group them takes long beside the rest, and most quantities are small.
            language = self.env["res.lang"].browse(lang.id)
            text = language.format("%d", int(text), grouping=True)
        if fraction := fraction.rstrip("0"):
            text += lang.decimal_point + fraction
        return f"-{text}" if number < 0 and text != "0" else text


@lru_cache(maxsize=512)
def _interval_text(first, last, lang):
    """The same days stand in most lines of a statement."""
    locale = babel_locale_parse(lang)
    return format_interval(first, last, skeleton="MMMd", locale=locale)
