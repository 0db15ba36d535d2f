from . import order, portal
