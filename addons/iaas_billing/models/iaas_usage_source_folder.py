import base64
import logging
import os
import stat
import time
from datetime import datetime

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import config

_logger = logging.getLogger(__name__)
_ENDINGS = (".csv", ".txt", ".ndjson", ".jsonl", ".xlsx", ".xlsm")
# A file that changed a moment ago may still be being written.
_SETTLED_SECONDS = 30
_MAX_FILE = 256 * 1024 * 1024


class IaasUsageSource(models.Model):
    """A folder of the server in which a source leaves its files."""

    _inherit = "iaas.usage.source"

    drop_folder = fields.Char(
        groups="iaas_billing.group_iaas_billing_manager,base.group_system",
        copy=False,
        help="A folder on the server, inside one that the server's configuration "
        "allows (iaas_usage_folders). Its files are imported every few minutes and "
        "moved to its subfolders done or failed.",
    )

    _drop_folder_unique = models.Constraint(
        "UNIQUE (drop_folder)", "Another source has this folder."
    )

    @api.constrains("drop_folder")
    def _check_drop_folder(self):
        for source in self.filtered("drop_folder"):
            source._get_drop_folder()

    @api.model
    def _get_allowed_folders(self):
        """The folders that the server's administrator opened for usage files."""
        allowed = os.environ.get("IAAS_USAGE_FOLDERS") or config.get(
            "iaas_usage_folders"
        )
        return [
            os.path.realpath(folder.strip())
            for folder in (allowed or "").split(",")
            if folder.strip()
        ]

    def _get_drop_folder(self):
        """The real path of the folder.

        :raise ValidationError: when it is none, or not in an allowed one
        """
        folder = os.path.realpath(self.drop_folder)
        allowed = self._get_allowed_folders()
        if not os.path.isabs(self.drop_folder) or not any(
            os.path.commonpath([folder, root]) == root for root in allowed
        ):
            raise ValidationError(
                self.env._(
                    "%(folder)s is not in a folder that the server allows for usage "
                    "files. Its administrator sets iaas_usage_folders (or the "
                    "environment's IAAS_USAGE_FOLDERS).",
                    folder=self.drop_folder,
                )
            )
        if not os.path.isdir(folder):
            raise ValidationError(
                self.env._(
                    "The server has no folder %(folder)s.", folder=self.drop_folder
                )
            )
        return folder

    @api.model
    def _cron_poll_folders(self):
        """Import what lies in the drop folders, each file in its own transaction."""
        cron = self.env["ir.cron"]
        todo = []
        for source in self.search([("drop_folder", "!=", False)]):
            try:
                folder = source._get_drop_folder()
            except ValidationError as error:
                source._note_folder_problem(source.drop_folder, str(error))
                continue
            todo += [(source, folder, name) for name in source._list_files(folder)]
        cron._commit_progress(remaining=len(todo))
        for source, folder, name in todo:
            try:
                goal, rejects = source._import_file(folder, name)
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
                # Others send for the source now; the file waits for the next round.
                self.env.cr.rollback()
                continue
            # Committed before the file is moved: were the move lost, the file would be
            # recognised the next time. The other way round it would be lost.
            time_left = cron._commit_progress(1)
            try:
                source._move_file(folder, name, goal, rejects)
            except (OSError, UserError) as error:
                message = self.env._("It can't be moved away: %(error)s", error=error)
                source._note_folder_problem(name, message, folder)
                cron._commit_progress()
            self.env.invalidate_all()
            if not time_left:
                return

    def _note_folder_problem(self, name, message, folder=False, content=b""):
        """Tell the responsible once, as a failed file."""
        Import = self.env["iaas.usage.import"]
        known = Import.search_count(
            [
                ("source_id", "=", self.id),
                ("name", "=", name),
                ("state", "=", "failed"),
                ("failure", "=", message),
            ],
            limit=1,
        )
        if not known:
            Import._make_failed(self, name, content, message, folder)

    @api.model
    def _list_files(self, folder):
        """The names of the files that are whole, oldest first."""
        settled = time.time() - _SETTLED_SECONDS
        found = []
        with os.scandir(folder) as entries:
            for entry in entries:
                name = entry.name.lower().removesuffix(".gz")
                if name.startswith(".") or not name.endswith(_ENDINGS):
                    continue
                if not entry.is_file(follow_symlinks=False):
                    continue
                modified = entry.stat(follow_symlinks=False).st_mtime
                if modified <= settled:
                    found.append((modified, entry.name))
        return [name for _modified, name in sorted(found)]

    @api.model
    def _read_file(self, folder, name):
        """The bytes of a regular file in the folder; a link is never followed."""
        path = os.path.join(folder, name)
        try:
            handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError as error:
            raise UserError(
                self.env._(
                    "%(file)s can't be opened: %(error)s",
                    file=name,
                    error=error.strerror,
                )
            ) from error
        with os.fdopen(handle, "rb") as file:
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode):
                raise UserError(self.env._("%(file)s is no plain file.", file=name))
            if status.st_size > _MAX_FILE:
                raise UserError(
                    self.env._(
                        "%(file)s is larger than %(size)s MB. Compress or split it.",
                        file=name,
                        size=_MAX_FILE // 1024**2,
                    )
                )
            return file.read(_MAX_FILE)

    def _import_file(self, folder, name):
        """Import a file.

        :return: (the subfolder it goes to, the file of its rejects or None)
        """
        Import = self.env["iaas.usage.import"]
        content = b""
        try:
            content = self._read_file(folder, name)
            with self.env.cr.savepoint():
                usage_import = Import.create(
                    {
                        "name": name,
                        "file": base64.b64encode(content),
                        "source_id": self.id,
                        "from_folder": folder,
                    }
                )
                usage_import.mapping_id = usage_import._find_mapping()
                usage_import._import()
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            raise
        except UserError as error:
            self._note_folder_problem(name, str(error), folder, content)
            return "failed", None
        except Exception as error:  # noqa: BLE001 the other files must come in
            _logger.error("%s can't be imported", name, exc_info=error)
            message = self.env._(
                "Unexpected error, see the server's log: %(error)s", error=repr(error)
            )
            self._note_folder_problem(name, message, folder, content)
            return "failed", None
        if usage_import.state != "rejects":
            return "done", None
        usage_import._remind(
            self.env._("%(count)s line(s) refused", count=usage_import.reject_count)
        )
        rejects = base64.b64decode(usage_import.reject_file)
        return "done", (usage_import.reject_file_name, rejects)

    @api.model
    def _move_file(self, folder, name, goal, rejects=None):
        """Move an imported file away; put the rejects to mend into ``failed``."""
        stamp = datetime.now().strftime("%Y%m%d-%H%M%S-")  # noqa: DTZ005
        target = self._make_subfolder(folder, goal)
        os.rename(os.path.join(folder, name), os.path.join(target, stamp + name))
        if rejects:
            reject_name, content = rejects
            target = self._make_subfolder(folder, "failed")
            path = os.path.join(target, stamp + os.path.basename(reject_name))
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
            with os.fdopen(os.open(path, flags, 0o640), "wb") as file:
                file.write(content)

    @api.model
    def _make_subfolder(self, folder, goal):
        target = os.path.join(folder, goal)
        os.makedirs(target, exist_ok=True)
        if os.path.islink(target):
            raise UserError(
                self.env._("%(folder)s is a link; make it a folder.", folder=target)
            )
        return target
