from . import (
    iaas_contract_let_end,
    iaas_contract_revision,
    iaas_contract_revision_line,
    iaas_contract_sign,
    iaas_contract_terminate,
    iaas_price_list_export,
    iaas_price_list_import,
    iaas_price_list_import_error,
    iaas_price_list_import_line,
    iaas_price_list_send_back,
    iaas_credit_release,
    iaas_resource_stop,
)
