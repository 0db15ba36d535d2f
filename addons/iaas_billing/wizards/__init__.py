from . import iaas_statement_reason
