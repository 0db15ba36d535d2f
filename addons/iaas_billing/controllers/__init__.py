from . import problem
from . import events
from . import statement_portal
from . import usage_portal
