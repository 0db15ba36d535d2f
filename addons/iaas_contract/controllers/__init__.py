from . import order, portal, resource
