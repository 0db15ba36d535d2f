"""The pure packages are imported by path: these tests prove they need no Odoo."""

import sys
from pathlib import Path

for addon in (Path(__file__).parents[2] / "addons").iterdir():
    sys.path.append(str(addon))
