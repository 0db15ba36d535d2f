from . import (
    iaas_contract_sign,
    iaas_contract_terminate,
    iaas_price_list_send_back,
    iaas_credit_release,
    iaas_resource_stop,
)
