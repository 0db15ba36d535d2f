from http import HTTPStatus

from werkzeug.exceptions import (
    BadRequest,
    MethodNotAllowed,
    UnsupportedMediaType,
)

from odoo import fields
from odoo.http import Controller, Response, request, route

from ..metering import Entry, Refused, decode_json, decode_text, read_ndjson
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
        result = request.env["iaas.usage.event"]._ingest(
            entries, sources, now=fields.Datetime.now()
        )
        if not result.refusals:
            return Response(status=HTTPStatus.NO_CONTENT)
        forbidden = any(
            refusal.reason == "source_not_allowed" for refusal in result.refusals
        )
        return problem(
            HTTPStatus.FORBIDDEN if forbidden else HTTPStatus.UNPROCESSABLE_ENTITY,
            f"{len(result.refusals)} of {len(entries)} events are refused, none was "
            "stored. Mend or leave out the refused ones and send the rest again.",
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
        """The entries of the body, their positions counted from 0."""
        http = request.httprequest
        readers = {
            "application/cloudevents+json": self._read_one,
            "application/cloudevents-batch+json": self._read_batch,
            "application/json": self._read_one_or_batch,
            "application/x-ndjson": self._read_lines,
            "application/ndjson": self._read_lines,
            "application/jsonl": self._read_lines,
        }
        read = readers.get(http.mimetype)
        if read is None:
            raise UnsupportedMediaType(
                f"Content-Type {http.mimetype!r} is none of: {', '.join(readers)}."
            )
        if http.headers.get("Content-Encoding", "identity") != "identity":
            raise UnsupportedMediaType("Send the body without Content-Encoding.")
        try:
            return read(decode_text(http.get_data()))
        except Refused as refused:
            raise BadRequest(f"The body is {refused.detail}.") from refused

    def _read_one(self, text):
        event = decode_json(text)
        if isinstance(event, list):
            raise BadRequest(
                "The body is a batch: send it as application/cloudevents-batch+json."
            )
        return [Entry(0, "", event)]

    def _read_batch(self, text):
        events = decode_json(text)
        if not isinstance(events, list):
            raise BadRequest("The body of a batch must be a JSON array of events.")
        return [Entry(index, "", event) for index, event in enumerate(events)]

    def _read_one_or_batch(self, text):
        single = text.lstrip()[:1] != "["
        return self._read_one(text) if single else self._read_batch(text)

    def _read_lines(self, text):
        return [
            entry._replace(position=index)
            for index, entry in enumerate(read_ndjson(text))
        ]
