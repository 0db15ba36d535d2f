from . import annex, order, portal, resource
