from . import test_host
from . import test_pool
from . import test_product_capacity
from . import test_receipt
from . import test_request
from . import test_security
from . import test_tour
from . import test_views
