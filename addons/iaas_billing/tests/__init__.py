from . import test_billing_run
from . import test_invoicing
from . import test_rating
from . import test_security
from . import test_usage_http
from . import test_usage_import
from . import test_usage_ingest
from . import test_usage_senders
