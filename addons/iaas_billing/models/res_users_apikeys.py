from hashlib import sha256
from hmac import compare_digest

from odoo import models
from odoo.tools import SQL
from odoo.tools.lru import LRU

from odoo.addons.base.models.res_users import INDEX_SIZE

#: Digests of keys whose slow hash was found right, by (database, digest of the key).
_verified = LRU(1024)


class ResUsersApikeys(models.Model):
    _inherit = "res.users.apikeys"

    def _check_credentials(self, *, scope, key):
        """Skip the slow hash of a key that this process has verified before.

        Collectors send thousands of requests with one key, and hashing it costs as
        much as storing a hundred events. All else is looked up each time: that the key
        still exists with the very same hash, its expiry, its scope and its user.
        """
        digest = (self.env.cr.dbname, sha256(key.encode()).digest())
        if known := _verified.get(digest):
            rows = self.env.execute_query(
                SQL(
                    """
                    SELECT apikey.user_id, apikey.key
                      FROM res_users_apikeys apikey
                      JOIN res_users u ON u.id = apikey.user_id
                     WHERE u.active AND apikey.id = %s
                       AND (apikey.scope IS NULL OR apikey.scope = %s)
                       AND (apikey.expiration_date IS NULL
                            OR apikey.expiration_date >= now() at time zone 'utc')
                    """,
                    known[0],
                    scope,
                )
            )
            if rows and compare_digest(rows[0][1], known[1]):
                return rows[0][0]
            _verified.pop(digest, None)
        uid = super()._check_credentials(scope=scope, key=key)
        if uid:
            self._remember(digest, uid, scope, key)
        return uid

    def _remember(self, digest, uid, scope, key):
        """Note which record a verified key is, if only one can be meant."""
        rows = self.env.execute_query(
            SQL(
                """SELECT id, key FROM res_users_apikeys
                    WHERE user_id = %s AND index = %s
                      AND (scope IS NULL OR scope = %s)""",
                uid,
                key[:INDEX_SIZE],
                scope,
            )
        )
        if len(rows) == 1:
            _verified[digest] = rows[0]
