import base64
import io

from PIL import Image, ImageDraw

from odoo import Command

from .common import IaasContractCommon


class IaasSigningCommon(IaasContractCommon):
    """A small customer with a decision maker who has a portal user, and a large one
    that signs on paper."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other_customer.sudo().iaas_verification_state = "verified"
        cls.decider = cls._iaas_portal_user("decider", cls.other_customer)
        cls.decider.partner_id.iaas_contact_role_ids = cls.role_decision_maker.ids
        cls.clerk = cls._iaas_portal_user("clerk", cls.other_customer)
        cls.stranger = cls._iaas_portal_user("stranger", cls.customer)
        cls.stranger.partner_id.iaas_contact_role_ids = cls.role_decision_maker.ids
        for user in cls.decider + cls.clerk + cls.stranger:
            user.password = user.login

    def _sent(self, partner=None, **values):
        """A contract with standard terms, sent by the salesperson."""
        contract = (
            self.env["iaas.contract"]
            .with_user(self.sales_user)
            .create(
                {
                    "title": "Analytics cluster",
                    "partner_id": (partner or self.other_customer).id,
                    "date_start": "2026-01-01",
                    "date_end": "2027-12-31",
                    "timezone": "UTC",
                    "catalogue_id": self.catalogue.id,
                    "line_ids": [
                        Command.create({"product_id": self.server.id, "discount": "10"})
                    ],
                    **values,
                }
            )
        )
        contract.action_send()
        return contract

    def _document(self, contract):
        return contract.sudo()._documents_to_sign()

    @classmethod
    def _drawing(cls):
        """A drawn signature, as the browser posts it."""
        picture = Image.new("RGBA", (300, 100))
        ImageDraw.Draw(picture).line([(10, 80), (120, 20), (280, 70)], "black", 3)
        stream = io.BytesIO()
        picture.save(stream, "PNG")
        return base64.b64encode(stream.getvalue()).decode()

    def _sign_online(self, document, **values):
        return document.sudo()._sign_online(
            values.pop("name", "Mei Tanaka"),
            values.pop("image", self._drawing()),
            values.pop("sha256", document.sudo().sha256),
            **values,
        )

    def _tamper(self, document):
        """Change the bytes of the file by SQL, as nobody may."""
        attachment = document.sudo().attachment_id
        self.env.flush_all()
        other = attachment.copy({"raw": b"%PDF-1.4 something else"})
        self.env.flush_all()
        self.env.cr.execute(
            """UPDATE ir_attachment mine
                  SET store_fname = other.store_fname, db_datas = other.db_datas
                 FROM ir_attachment other
                WHERE mine.id = %s AND other.id = %s""",
            [attachment.id, other.id],
        )
        self.env.invalidate_all()
