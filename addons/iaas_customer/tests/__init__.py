from . import test_customer
from . import test_security
from . import test_tour
from . import test_verification
from . import test_views
