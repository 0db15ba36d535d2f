from hashlib import sha256

from odoo import models
from odoo.exceptions import UserError

#: What the customer sees; drafts and what is in review are ours.
PORTAL_STATES = ("sent", "confirmed", "posted", "void")


class IaasStatement(models.Model):
    _inherit = "iaas.statement"

    def _compute_access_url(self):
        result = super()._compute_access_url()
        for statement in self:
            statement.access_url = f"/my/statements/{statement.id}"
        return result

    def action_preview_portal(self):
        """Open the statement as the customer sees it."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_url",
            "target": "self",
            "url": f"/my/statements/{self.id}",
        }

    def _search_lines(self, domain=(), **page):
        """Some of the lines. A statement may have very many: all of them are never read
        to show a page, nor are statements joined to order those of one."""
        self.ensure_one()
        _statement, _comma, order = self.env["iaas.statement.line"]._order.partition(
            ", "
        )
        return self.env["iaas.statement.line"].search(
            [("statement_id", "=", self.id), *domain], order=order, **page
        )

    def _get_shown(self):
        """Tells what the customer has been shown from what it was before it was taken
        back and sent again."""
        self.ensure_one()
        text = f"{self.sent_at} {self.rated_at} {self.amount_untaxed} {self.usage_hash}"
        return sha256(text.encode()).hexdigest()[:16]

    def _dispute(self, line, reason, partner):
        """Open the dispute that the customer has raised."""
        self.ensure_one()
        known = line.dispute_ids.filtered(lambda dispute: dispute.state == "open")
        if known:
            raise UserError(self.env._("This line is in dispute already."))
        return self.env["iaas.statement.dispute"].create(
            {"line_id": line.id, "reason": reason, "raised_by_id": partner.id}
        )
