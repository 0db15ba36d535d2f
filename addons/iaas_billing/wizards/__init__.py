from . import iaas_statement_reason
from . import iaas_contract_review
