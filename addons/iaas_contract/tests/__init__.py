from . import (
    test_contract,
    test_contract_life,
    test_contract_transitions,
    test_decimal_field,
    test_lifecycle,
    test_price,
    test_price_calculator,
    test_resource,
    test_sale_order,
    test_security,
    test_tour,
    test_views,
)
