from odoo import models


class IaasStatement(models.Model):
    """What happens to statements is told to other programs."""

    _inherit = "iaas.statement"

    def _tell(self, event, **more):
        Webhook = self.env["iaas.webhook"].sudo()
        if not Webhook.search_count(
            [("company_id", "in", self.company_id.ids)], limit=1
        ):
            return
        Webhook._emit(
            event,
            [
                (
                    statement.company_id,
                    statement.partner_id,
                    statement._get_event_data() | more,
                )
                for statement in self
            ],
        )

    def _get_event_data(self):
        self.ensure_one()
        digits = self.currency_id.decimal_places
        move = self.move_id
        total = move.amount_total_in_currency_signed
        return {
            "statement": self.name,
            "kind": self.kind,
            "corrects": self.correction_of_id.name or None,
            "contract": self.contract_id.name,
            "customer": self.partner_id.ref or str(self.partner_id.id),
            "period_start": f"{self.period_start.isoformat()}Z",
            "period_end": f"{self.period_end.isoformat()}Z",
            "date_from": self.date_from.isoformat(),
            "date_to": self.date_to.isoformat(),
            "currency": self.currency_id.name,
            "amount_untaxed": f"{self.amount_untaxed:.{digits}f}",
            "amount_total": f"{total:.{digits}f}" if move else None,
            "invoice": move.name or None,
            "invoice_date": _iso(move.invoice_date),
            "date_due": _iso(move.invoice_date_due),
            "content_hash": self.content_hash or None,
            "url": self.get_base_url() + self.access_url,
        }

    def _post(self):
        result = super()._post()
        self._tell("statement.posted")
        return result

    def _send_for_confirmation(self):
        result = super()._send_for_confirmation()
        self._tell("statement.sent")
        return result

    def _confirm(self, how, partner=None):
        result = super()._confirm(how, partner)
        self._tell("statement.confirmed", confirmation=how)
        return result

    def _void(self, reason):
        result = super()._void(reason)
        self.sudo()._tell("statement.voided", reason=reason)
        return result

    def _dispute(self, line, reason, partner):
        dispute = super()._dispute(line, reason, partner)
        self._tell(
            "statement.disputed", product=line.product_id.display_name, reason=reason
        )
        return dispute


def _iso(day):
    return day.isoformat() if day else None
