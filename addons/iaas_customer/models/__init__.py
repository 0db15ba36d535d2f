from . import iaas_gated_mixin
from . import iaas_contact_role
from . import iaas_customer_tier
from . import res_partner
