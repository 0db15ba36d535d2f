def pre_init_hook(env):
    """Exclusion constraints over (id, date range) need the btree_gist operators."""
    env.cr.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
