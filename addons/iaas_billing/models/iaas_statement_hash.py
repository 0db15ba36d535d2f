import json
from decimal import Decimal
from hashlib import sha256

from odoo import api, fields, models

TAMPER_ACTIVITY = "iaas_billing.mail_activity_type_tampered"
_BATCH_SIZE = 200
# Fixed lists: a field that comes later may not change the hash of what is posted.
_HEADER = (
    "name",
    "contract_id",
    "partner_id",
    "company_id",
    "currency_id",
    "settlement_mode",
    "timezone",
    "period_start",
    "period_end",
    "usage_hash",
    "correction_of_id",
    "move_id",
)
_LINE = (
    "resource_id",
    "product_id",
    "family_id",
    "meter_id",
    "charge_kind",
    "quantity",
    "quantity_before",
    "price_id",
    "contract_line_id",
    "contract_version_id",
    "discount_percent",
    "list_amount",
    "amount_exact",
    "amount",
    "segment_start",
    "segment_end",
)
# What came later, hashed only where it says something.
_LATER_LINE = ("settles_line_id", "advance_percent", "usage_hash")


class IaasStatement(models.Model):
    """A posted statement carries a hash of what it says, by which a change behind
    Odoo's back is found."""

    _inherit = "iaas.statement"

    content_hash = fields.Char(
        readonly=True,
        copy=False,
        help="Fingerprint (SHA-256) of the posted statement and all its lines.",
    )
    verified_at = fields.Datetime(string="Verified", readonly=True, copy=False)
    is_tampered = fields.Boolean(
        string="Changed After Posting",
        readonly=True,
        copy=False,
        help="What is stored now is not what was posted: it was changed in the "
        "database, not through Odoo.",
    )

    def _make_content_hash(self):
        """The hash of the statement as it is stored."""
        self.ensure_one()
        header = [_text(self[name]) for name in _HEADER]
        if self.kind != "regular":
            header.append(self.kind)
        lines = [
            [
                *(_text(line[name]) for name in _LINE),
                *(f"{name} {_text(line[name])}" for name in _LATER_LINE if line[name]),
            ]
            for line in self.line_ids.sorted("id")
        ]
        text = json.dumps([header, lines], ensure_ascii=False, separators=(",", ":"))
        return sha256(text.encode()).hexdigest()

    def action_verify(self):
        """Compare the posted statements with their hashes."""
        self.check_access("read")
        changed = self.sudo()._verify()
        if changed:
            message = self.env._(
                "Changed after posting: %(names)s",
                names=", ".join(changed.mapped("name")),
            )
        else:
            message = self.env._("The statements are as they were posted.")
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "danger" if changed else "success",
                "message": message,
                "sticky": bool(changed),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    def _verify(self):
        """Check the hashes; tell the billing managers once of what was changed.

        :return: the statements that are not as they were posted
        """
        self.env.flush_all()
        self.invalidate_recordset()
        self.line_ids.invalidate_recordset()
        sealed = self.filtered("content_hash")
        changed = sealed.filtered(
            lambda statement: statement._make_content_hash() != statement.content_hash
        )
        news = changed.filtered(lambda statement: not statement.is_tampered)
        now = fields.Datetime.now()
        changed.write({"is_tampered": True, "verified_at": now})
        (sealed - changed).write({"is_tampered": False, "verified_at": now})
        for statement in news:
            responsible = self.env["iaas.billing.run"]._default_responsible(
                statement.company_id
            )
            statement.activity_schedule(
                TAMPER_ACTIVITY,
                user_id=(responsible or self.env.user).id,
                note=self.env._(
                    "What is stored is not what was posted. Compare it with the PDF "
                    "that was sent and with the invoice, and find out who changed the "
                    "database."
                ),
            )
        return changed

    @api.model
    def _cron_verify(self):
        """Verify the statements, those first that were not looked at for longest."""
        cron = self.env["ir.cron"]
        domain = [
            ("content_hash", "!=", False),
            "|",
            ("verified_at", "=", False),
            (
                "verified_at",
                "<",
                fields.Datetime.subtract(fields.Datetime.now(), days=7),
            ),
        ]
        remaining = self.search_count(domain)
        cron._commit_progress(remaining=remaining)
        while statements := self.search(
            domain, order="verified_at NULLS FIRST, id", limit=_BATCH_SIZE
        ):
            statements._verify()
            time_left = cron._commit_progress(len(statements))
            self.env.invalidate_all()
            if not time_left:
                return


def _text(value):
    """A stable text of a field's value."""
    if isinstance(value, models.BaseModel):
        return str(value.id or "")
    if isinstance(value, bool) or value is None:
        return str(value or "")
    if isinstance(value, int | float | Decimal):
        number = f"{Decimal(str(value)):f}"
        return number.rstrip("0").rstrip(".") if "." in number else number
    return str(value)
