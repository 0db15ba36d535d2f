"""What the demo company is: pure Python, no Odoo, the same for the same seed."""
