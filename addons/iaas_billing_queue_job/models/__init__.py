from . import iaas_billing_run
from . import res_company
