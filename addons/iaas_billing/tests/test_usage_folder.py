import os
import tempfile
from pathlib import Path
from unittest.mock import patch

from odoo.exceptions import AccessError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .test_usage_files import UsageFilesCommon

HEAD = "id,type,subject,time,value\n"
GOOD = HEAD + "e-1,traffic.gib,net-1,2026-06-01T00:00:00Z,1\n"
BAD = HEAD + "e-2,traffic.gib,net-1,2026-06-01T00:00:00Z,x\n"


@tagged("post_install", "-at_install")
class TestUsageFolder(UsageFilesCommon):
    """A source leaves its files in a folder of the server."""

    def setUp(self):
        super().setUp()
        root = tempfile.TemporaryDirectory()
        self.addCleanup(root.cleanup)
        self.root = Path(root.name).resolve()
        self.folder = self.root / "partner"
        self.folder.mkdir()
        allowed = patch.dict(os.environ, {"IAAS_USAGE_FOLDERS": str(self.root)})
        allowed.start()
        self.addCleanup(allowed.stop)
        self.source.drop_folder = str(self.folder)
        self.source.user_id = self.billing_user

    def _drop(self, name, content, settled=True):
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        if settled:
            # Long ago by the clock of the test and by that of the machine.
            os.utime(path, (0, 0))
        return path

    def _poll(self):
        with self.enter_registry_test_mode():
            self.env.ref("iaas_billing.ir_cron_usage_folders").method_direct_trigger()
        self.env.invalidate_all()
        return self.env["iaas.usage.import"].search(
            [("source_id", "=", self.source.id)], order="id"
        )

    def _names(self, folder):
        path = self.folder / folder
        return sorted(
            file.name.split("-", 2)[2] for file in path.glob("*") if file.is_file()
        )

    def test_files_are_imported_and_moved(self):
        self._drop("good.csv", GOOD)
        self._drop("bad.csv", BAD)
        self._drop("broken.xlsx", b"PK\x03\x04broken")
        self._drop("notes.md", "not for us")
        self._drop(".hidden.csv", GOOD)
        imports = self._poll()
        self.assertEqual(
            {one.name: one.state for one in imports},
            {"good.csv": "done", "bad.csv": "rejects", "broken.xlsx": "failed"},
        )
        self.assertEqual(set(self._stored()), {"e-1"})
        self.assertEqual(self._names("done"), ["bad.csv", "good.csv"])
        self.assertEqual(self._names("failed"), ["broken.xlsx", "rejects-bad.csv"])
        self.assertEqual(
            sorted(file.name for file in self.folder.glob("*") if file.is_file()),
            [".hidden.csv", "notes.md"],
        )
        failed = imports.filtered(lambda one: one.state == "failed")
        self.assertIn("not a spreadsheet", failed.failure)
        self.assertEqual(failed.activity_ids.user_id, self.billing_user)
        # The error file is mended and dropped again.
        (rejects,) = self.folder.glob("failed/*rejects-bad.csv")
        self._drop("mended.csv", rejects.read_text().replace(",x\n", ",2\n"))
        self._poll()
        self.assertEqual(set(self._stored()), {"e-1", "e-2"})

    def test_a_file_that_breaks_the_reader_keeps_no_other_back(self):
        Import = self.env.registry["iaas.usage.import"]
        original = Import._read_entries

        def fail(usage_import):
            if usage_import.name == "a.csv":
                raise KeyError("surprise")
            return original(usage_import)

        self._drop("a.csv", GOOD.replace("e-1", "e-0"))
        self._drop("b.csv", GOOD)
        with (
            patch.object(Import, "_read_entries", fail),
            mute_logger("odoo.addons.iaas_billing.models.iaas_usage_source_folder"),
        ):
            imports = self._poll()
        self.assertEqual(
            {one.name: one.state for one in imports},
            {"a.csv": "failed", "b.csv": "done"},
        )
        self.assertEqual(self._names("failed"), ["a.csv"])

    def test_a_file_that_is_still_written_waits(self):
        path = self._drop("new.csv", GOOD, settled=False)
        # By the frozen clock of the test it was written in the future.
        self.assertFalse(self._poll())
        self.assertTrue(path.exists())

    def test_the_same_file_again_is_recognised(self):
        self._drop("a.csv", GOOD)
        self._poll()
        self._drop("b.csv", GOOD)
        imports = self._poll()
        self.assertEqual(imports.mapped("state"), ["done", "failed"])
        self.assertIn("imported as a.csv", imports[1].failure)
        self.assertEqual(self._names("failed"), ["b.csv"])

    def test_the_columns_choose_the_mapping(self):
        mapping = self._mapping()
        self._drop("own.csv", "Resource,When,GiB\nnet-1,2026-06-01T00:00:00Z,1\n")
        self._drop("template.csv", GOOD)
        imports = self._poll()
        self.assertEqual(
            {one.name: one.mapping_id for one in imports},
            {"own.csv": mapping, "template.csv": mapping.browse()},
        )
        self.assertEqual(set(imports.mapped("state")), {"done"})

    def test_links_are_not_followed(self):
        secret = self.root / "secret.csv"
        secret.write_text(GOOD)
        (self.folder / "link.csv").symlink_to(secret)
        (self.folder / "pipe.csv").mkdir()
        self.assertFalse(self._poll())
        with self.assertRaisesRegex(Exception, "can't be opened"):
            self.source._read_file(str(self.folder), "link.csv")

    def test_only_folders_that_the_server_allows(self):
        outside = tempfile.TemporaryDirectory()
        self.addCleanup(outside.cleanup)
        (self.root / "escape").symlink_to(outside.name)
        for folder in (
            outside.name,
            "/etc",
            str(self.root / ".." / "etc"),
            str(self.root / "escape"),
            str(self.root) + "-evil",
            "partner",
            str(self.root / "missing"),
        ):
            with self.subTest(folder=folder), self.assertRaises(ValidationError):
                self.source.drop_folder = folder
        with patch.dict(os.environ, {"IAAS_USAGE_FOLDERS": ""}):
            with self.assertRaisesRegex(ValidationError, "iaas_usage_folders"):
                self.source.drop_folder = str(self.root)

    def test_a_folder_that_is_gone_is_told_once(self):
        self._drop("good.csv", GOOD)
        with patch.dict(os.environ, {"IAAS_USAGE_FOLDERS": "/nowhere"}):
            self._poll()
            imports = self._poll()
        self.assertEqual(imports.mapped("state"), ["failed"])
        self.assertFalse(self._stored())
        self._poll()
        self.assertTrue(self._stored())

    def test_only_managers_set_and_see_the_folder(self):
        source = self.source.with_user(self.billing_user)
        self.assertNotIn("drop_folder", source.fields_get())
        with self.assertRaises(AccessError):
            source.read(["drop_folder"])
        with self.assertRaises(AccessError):
            source.drop_folder = str(self.folder)
        manager = self.source.with_user(self.billing_manager)
        self.assertEqual(manager.drop_folder, str(self.folder))
