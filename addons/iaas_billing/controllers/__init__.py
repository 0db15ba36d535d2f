from . import problem
from . import events
