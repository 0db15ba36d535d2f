"""Where everything lives."""

import hashlib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STATE = ROOT / ".iaas"
ADDONS = ROOT / "addons"
VENV = STATE / "venv"
FOCUS_VENV = STATE / "focus"
LOGS = STATE / "logs"
DATA_DIR = STATE / "data"


def fingerprint(*parts):
    """Twelve hexadecimal digits that change when a text or a file's content does.

    A part is a text or the path of a file or folder; folders count every file under
    them but compiled Python.
    """
    digest = hashlib.sha256()
    for part in parts:
        if isinstance(part, Path):
            files = sorted(part.rglob("*")) if part.is_dir() else [part]
            for file in files:
                if file.is_file() and file.suffix != ".pyc":
                    digest.update(str(file.relative_to(ROOT)).encode())
                    digest.update(file.read_bytes())
        else:
            digest.update(part.encode())
    return digest.hexdigest()[:12]
