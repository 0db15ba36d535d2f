from . import iaas_statement_reason
from . import iaas_contract_review
from . import iaas_usage_dismissal
