"""Answers errors as problem documents (RFC 9457) instead of HTML pages."""

import json
from http import HTTPStatus

from psycopg2 import OperationalError
from werkzeug.exceptions import HTTPException

from odoo.exceptions import AccessDenied
from odoo.http import Dispatcher, Response, SessionExpiredException

_RETRY_SECONDS = "1"


def problem(status, detail, problem_type="about:blank", headers=(), **members):
    """A response with a problem document.

    :param detail: a sentence for people, about this very request
    :param members: further members of the document
    """
    document = {
        "type": problem_type,
        "title": HTTPStatus(status).phrase,
        "status": int(status),
        "detail": detail,
        **members,
    }
    return Response(
        json.dumps(document, ensure_ascii=False),
        status=int(status),
        headers=list(headers),
        content_type="application/problem+json; charset=utf-8",
    )


class ProblemDispatcher(Dispatcher):
    """For routes that read their own body and whose callers are programs."""

    routing_type = "iaas_problem"

    @classmethod
    def is_compatible_with(cls, request):
        return True

    def dispatch(self, endpoint, args):
        self.request.params = dict(args)
        return self.request.registry["ir.http"]._dispatch(endpoint)

    def handle_error(self, exc):
        if isinstance(exc, HTTPException) and exc.code:
            kept = [
                (name, value)
                for name, value in exc.get_headers()
                if name.lower() != "content-type"
            ]
            return problem(exc.code, exc.description, headers=kept)
        if isinstance(exc, SessionExpiredException | AccessDenied):
            return problem(
                HTTPStatus.UNAUTHORIZED,
                "Send an API key: Authorization: Bearer <key>",
                headers=[("WWW-Authenticate", "Bearer")],
            )
        if isinstance(exc, OperationalError):
            # Other senders of the same source kept coming first.
            return problem(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "Busy with other events of this source. Send the same body again.",
                headers=[("Retry-After", _RETRY_SECONDS)],
            )
        return problem(
            HTTPStatus.INTERNAL_SERVER_ERROR,
            "The server failed. Nothing was stored; send the same body again later.",
        )
