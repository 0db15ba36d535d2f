from http import HTTPStatus

from werkzeug.exceptions import (
    BadRequest,
    MethodNotAllowed,
    RequestEntityTooLarge,
    UnsupportedMediaType,
)

from odoo import fields
from odoo.http import Controller, Response, request, route

from ..metering import MEDIA_TYPES, Refused, TooLarge, inflate, read_body
from . import limits
from .problem import problem

MAX_BODY = 16 * 1024 * 1024
_REFUSED = "urn:iaas:problem:events-refused"


class UsageEvents(Controller):
    @route(
        "/iaas/api/v1/events",
        type="iaas_problem",
        auth="bearer",
        methods=["POST"],
        csrf=False,
        max_content_length=MAX_BODY,
    )
    def ingest(self):
        """Take in CloudEvents: all of the body or, when one is refused, nothing."""
        entries = self._read_body()
        sources = (
            request.env["iaas.usage.source"]
            .sudo()
            .search([("company_id", "=", request.env.company.id)])
            .filtered(lambda source: source._is_sender(request.env.user))
        )
        if not sources:
            return problem(
                HTTPStatus.FORBIDDEN,
                "The user of this API key is not a sender of any usage source.",
            )
        if seconds := limits.take(request.env, len(entries)):
            return problem(
                HTTPStatus.TOO_MANY_REQUESTS,
                "This API key has sent too much. Nothing was stored; send the same "
                f"body again in {seconds} seconds.",
                headers=[("Retry-After", str(seconds))],
            )
        result = request.env["iaas.usage.event"]._take_in_batch(
            entries, sources, fields.Datetime.now()
        )
        if not result.refusals:
            return Response(status=HTTPStatus.NO_CONTENT)
        forbidden = any(
            refusal.reason == "source_not_allowed" for refusal in result.refusals
        )
        return problem(
            HTTPStatus.FORBIDDEN if forbidden else HTTPStatus.UNPROCESSABLE_ENTITY,
            f"{len(result.refusals)} of {len(entries)} events are refused, none was "
            "stored. Mend or leave out the refused ones and send the rest again. Those "
            "of an unknown meter or resource also wait for the operator in quarantine.",
            _REFUSED,
            errors=[
                {
                    "index": refusal.position,
                    "id": refusal.event_id,
                    "reason": refusal.reason,
                    "detail": refusal.detail,
                }
                for refusal in result.refusals
            ],
        )

    @route(
        "/iaas/api/v1/events",
        type="iaas_problem",
        auth="none",
        methods=["GET", "PUT", "PATCH", "DELETE"],
        csrf=False,
        save_session=False,
    )
    def refuse_method(self):
        """Odoo's own answer to another method is a page for people."""
        raise MethodNotAllowed(["POST"], "Usage events are sent by POST.")

    def _read_body(self):
        """The entries of the body."""
        http = request.httprequest
        if http.mimetype not in MEDIA_TYPES:
            raise UnsupportedMediaType(
                f"Content-Type {http.mimetype!r} is none of: {', '.join(MEDIA_TYPES)}."
            )
        encoding = http.headers.get("Content-Encoding", "identity").strip().lower()
        if encoding not in ("identity", "gzip"):
            raise UnsupportedMediaType(
                f"Content-Encoding {encoding!r} is none of: gzip, identity."
            )
        content = http.get_data()
        try:
            if encoding == "gzip":
                content = inflate(content, MAX_BODY)
            return read_body(content, http.mimetype)
        except TooLarge as error:
            raise RequestEntityTooLarge(
                f"The body holds more than {MAX_BODY} bytes. Send smaller batches."
            ) from error
        except Refused as refused:
            raise BadRequest(f"The body is {refused.detail}.") from refused
