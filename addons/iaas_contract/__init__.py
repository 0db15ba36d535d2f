from . import controllers, fields, models, wizards
from .hooks import pre_init_hook
