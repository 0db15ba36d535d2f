"""Customers see statements from the day on which they are sent."""

from odoo.tools import SQL

_RULES = {
    "iaas_statement_rule_portal": "state",
    "iaas_statement_line_rule_portal": "statement_id.state",
}


def migrate(cr, version):
    for name, field in _RULES.items():
        cr.execute(
            SQL(
                """
                UPDATE ir_rule SET domain_force = %s
                  FROM ir_model_data data
                 WHERE data.module = 'iaas_billing' AND data.name = %s
                   AND data.model = 'ir.rule' AND data.res_id = ir_rule.id
                """,
                "[('partner_id', 'child_of', [user.commercial_partner_id.id]), "
                f"('{field}', 'in', ('sent', 'confirmed', 'posted', 'void'))]",
                name,
            )
        )
