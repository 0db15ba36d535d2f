from . import iaas_verification_reject
