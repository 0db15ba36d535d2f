from . import (
    iaas_contract,
    iaas_contract_life,
    iaas_contract_line,
    iaas_resource,
    res_partner,
    sale_order,
    sale_order_line,
)
