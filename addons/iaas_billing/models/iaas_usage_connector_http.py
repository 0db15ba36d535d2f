from http import HTTPStatus
from urllib.parse import urlsplit

import requests
from urllib3.util import Retry

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..metering import decode_json, decode_text
from .network_guard import allowed_hosts, find_addresses, is_forbidden, is_named

_TRIES = 4
_TRY_AGAIN = (429, 500, 502, 503, 504)
_MAX_ANSWER = 64 * 1024 * 1024
_CHUNK = 64 * 1024


class IaasUsageConnector(models.Model):
    """How connectors ask: retries, limits, credentials, and where they may go."""

    _inherit = "iaas.usage.connector"

    url = fields.Char(
        string="Address",
        required=True,
        help="The address of the system's API: of CloudKitty and Prometheus without "
        "the path of the API (http://prometheus:9090), of others the whole address.",
    )
    auth = fields.Selection(
        [
            ("none", "None"),
            ("basic", "User and password"),
            ("bearer", "Bearer token"),
            ("header", "Header"),
            ("keystone", "Keystone application credential"),
        ],
        string="Authentication",
        required=True,
        default="none",
    )
    auth_user = fields.Char(
        string="User", help="The user, or the id of the application credential."
    )
    auth_header = fields.Char(
        string="Header", help="The header that carries the key, e.g. X-API-Key."
    )
    keystone_url = fields.Char(
        string="Keystone Address", help="E.g. https://keystone.example.com:5000"
    )
    secret = fields.Char(
        groups="iaas_billing.group_iaas_billing_manager,base.group_system",
        copy=False,
        help="The password, token or key. Only billing managers can read it.",
    )
    timeout_seconds = fields.Integer(
        string="Time-out (Seconds)", required=True, default=60
    )

    _timeout_positive = models.Constraint(
        "CHECK (timeout_seconds BETWEEN 1 AND 600)",
        "The time-out is 1 to 600 seconds.",
    )

    @api.constrains("url", "keystone_url")
    def _check_urls(self):
        for connector in self:
            for url in (connector.url, connector.keystone_url):
                if url:
                    connector._split_url(url)

    @api.constrains("auth", "auth_user", "auth_header", "keystone_url")
    def _check_auth(self):
        needs = {
            "basic": ["auth_user"],
            "header": ["auth_header"],
            "keystone": ["auth_user", "keystone_url"],
        }
        for connector in self:
            for name in needs.get(connector.auth, ()):
                if not connector[name]:
                    raise ValidationError(
                        self.env._(
                            "Fill in: %(field)s",
                            field=self._fields[name]._description_string(self.env),
                        )
                    )

    def write(self, vals):
        # Another address must not be sent the secret of the old one.
        if {"url", "keystone_url", "auth"} & vals.keys() and "secret" not in vals:
            for connector in self:
                if any(
                    vals.get(name)
                    and connector[name]
                    and self._get_origin(vals[name])
                    != self._get_origin(connector[name])
                    for name in ("url", "keystone_url")
                ):
                    vals = {**vals, "secret": False}
        return super().write(vals)

    @api.model
    def _get_origin(self, url):
        parts = urlsplit(url)
        return parts.scheme, parts.netloc

    @api.model
    def _split_url(self, url):
        try:
            parts = urlsplit(url)
            port = parts.port or (443 if parts.scheme == "https" else 80)
        except ValueError:
            parts = None
        if (
            parts is None
            or parts.scheme not in ("http", "https")
            or not parts.hostname
            or parts.username is not None
        ):
            raise ValidationError(
                self.env._(
                    "%(url)s is no address like https://host:port/path. Credentials "
                    "go into their own fields.",
                    url=url,
                )
            )
        return parts.hostname, port

    # === WHERE IT MAY GO ===

    @api.model
    def _get_allowed_hosts(self):
        """The hosts that the server's administrator names; none allows any but the
        server itself."""
        return allowed_hosts("iaas_usage_hosts")

    def _check_target(self, url):
        """Refuse addresses that would turn the server against itself: its own ports
        and the metadata service of a cloud, which answers credentials.

        Whoever needs one of them names the host in the server's configuration. A name
        may resolve to something else a moment later: where connectors are set up by
        people who are not trusted with the network, limit what the server reaches.
        """
        host, port = self._split_url(url)
        allowed = self._get_allowed_hosts()
        if is_named(host, port, allowed):
            return
        try:
            addresses = find_addresses(host, port)
        except OSError as error:
            raise UserError(
                self.env._(
                    "There is no host %(host)s (%(error)s). Mend the address, or have "
                    "its name made known to this server.",
                    host=host,
                    error=error.strerror or error,
                )
            ) from error
        if allowed or any(map(is_forbidden, addresses)):
            raise UserError(
                self.env._(
                    "Usage may not be fetched from %(host)s. The server's "
                    "administrator allows it by iaas_usage_hosts (or the "
                    "environment's IAAS_USAGE_HOSTS).",
                    host=host,
                )
            )

    # === ASKING ===

    def _get_json(self, url, params=None, method="GET", empty=None):
        """The decoded JSON answer, numbers exact.

        :param empty: text of a 404 answer that means there is nothing
        :return: the document; None when there is nothing
        :raise Refused: when the answer is no JSON
        :raise UserError: when the system refuses
        """
        with self._open_session() as session:
            headers = self._get_credentials(session)
            answer = self._send(session, method, url, params, headers)
        status, content, _headers = answer
        if status == HTTPStatus.NOT_FOUND and empty and empty in content:
            return None
        self._check_status(url, status, content)
        return decode_json(decode_text(content))

    def _open_session(self):
        session = requests.Session()
        # No .netrc: it would replace our credentials.
        session.trust_env = False
        retry = Retry(
            total=_TRIES - 1,
            backoff_factor=self._get_backoff(),
            status_forcelist=_TRY_AGAIN,
            allowed_methods=None,
            respect_retry_after_header=True,
            raise_on_status=False,
            redirect=0,
        )
        for scheme in ("http://", "https://"):
            session.mount(scheme, requests.adapters.HTTPAdapter(max_retries=retry))
        return session

    @api.model
    def _get_backoff(self):
        """Seconds to wait after the second failure; doubled each time."""
        return 1

    def _send(self, session, method, url, params=None, headers=None, json=None):
        """:return: (status, content, headers)"""
        self._check_target(url)
        with session.request(
            method,
            url,
            params=params if method == "GET" else None,
            data=params if method == "POST" and json is None else None,
            json=json,
            headers={"Accept": "application/json", **(headers or {})},
            timeout=self.timeout_seconds,
            # A redirect could lead to where the guard does not look.
            allow_redirects=False,
            stream=True,
        ) as response:
            content = bytearray()
            for chunk in response.iter_content(_CHUNK):
                content += chunk
                if len(content) > _MAX_ANSWER:
                    raise UserError(
                        self.env._(
                            "The answer of %(url)s is larger than %(size)s MB. Ask "
                            "for fewer hours per request.",
                            url=url,
                            size=_MAX_ANSWER // 1024**2,
                        )
                    )
            return response.status_code, bytes(content), response.headers

    def _check_status(self, url, status, content):
        if status >= HTTPStatus.MULTIPLE_CHOICES:
            raise UserError(
                self.env._(
                    "%(url)s answers %(status)s: %(text)s",
                    url=url,
                    status=status,
                    text=content[:300].decode(errors="replace").replace("\x00", ""),
                )
            )

    def _get_credentials(self, session):
        """The headers that tell who asks."""
        # Connectors run by the system; people see the secret by their role only.
        secret = self.sudo().secret or ""
        if self.auth == "bearer":
            return {"Authorization": f"Bearer {secret}"}
        if self.auth == "basic":
            basic = requests.auth._basic_auth_str(self.auth_user, secret)
            return {"Authorization": basic}
        if self.auth == "header":
            return {self.auth_header: secret}
        if self.auth == "keystone":
            return {"X-Auth-Token": self._get_keystone_token(session, secret)}
        return {}

    def _get_keystone_token(self, session, secret):
        url = f"{self.keystone_url.rstrip('/').removesuffix('/v3')}/v3/auth/tokens"
        status, content, headers = self._send(
            session,
            "POST",
            url,
            json={
                "auth": {
                    "identity": {
                        "methods": ["application_credential"],
                        "application_credential": {
                            "id": self.auth_user,
                            "secret": secret,
                        },
                    }
                }
            },
        )
        self._check_status(url, status, content)
        return headers.get("X-Subject-Token", "")
