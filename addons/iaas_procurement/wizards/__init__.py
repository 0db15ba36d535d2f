from . import iaas_contract_review
