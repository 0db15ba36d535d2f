from . import (
    iaas_contract_sign,
    iaas_contract_terminate,
    iaas_resource_stop,
    sale_advance_payment_inv,
)
