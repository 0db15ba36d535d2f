"""The demo company shows each way in by which usage comes, and what waits."""


def _counts(rows, sql):
    return dict(rows(sql))


def test_usage_came_in_every_way(rows):
    """R46: by the platform, by files of two kinds and by connectors; none was lost."""
    sources = rows(
        """
        SELECT s.code, COUNT(e.id) AS events, COUNT(e.import_id) AS from_files
          FROM iaas_usage_source s
          LEFT JOIN iaas_usage_event e ON e.source_id = s.id
         GROUP BY s.code
        """
    )
    by_code = {source.code.split(":")[1]: source for source in sources}
    assert by_code["lumen-edge"].from_files == by_code["lumen-edge"].events > 0
    assert by_code["northgate"].from_files == by_code["northgate"].events > 0
    assert by_code["acrolith"].events > by_code["acrolith"].from_files == 0
    imports = rows(
        """
        SELECT name, state, received_count, accepted_count + duplicate_count
               + quarantined_count + ignored_count + reject_count AS counted
          FROM iaas_usage_import
        """
    )
    assert {one.state for one in imports} >= {"rejects", "done"}
    assert all(one.received_count == one.counted for one in imports)
    assert _counts(
        rows, "SELECT kind, COUNT(*) FROM iaas_usage_alias GROUP BY kind"
    ).keys() == {"type", "subject"}


def test_quarantine_shows_what_was_solved_and_what_waits(rows):
    states = _counts(
        rows, "SELECT state, COUNT(*) FROM iaas_usage_quarantine GROUP BY state"
    )
    assert states.keys() == {"open", "done", "dismissed"}
    reasons = _counts(
        rows, "SELECT reason, COUNT(*) FROM iaas_usage_quarantine GROUP BY reason"
    )
    assert reasons.keys() >= {"unknown_meter", "unknown_resource", "silent"}
    # A person can look through them.
    assert sum(states.values()) <= 40
    assert not rows(
        "SELECT name FROM iaas_usage_quarantine WHERE user_id IS NULL OR "
        "(state = 'dismissed' AND note IS NULL)"
    )


def test_one_connector_fails_and_says_why(rows):
    connectors = rows("SELECT last_state, last_error FROM iaas_usage_connector")
    assert sorted(one.last_state for one in connectors) == ["failed", "ok", "ok"]
    assert all(
        (one.last_state == "failed") == bool(one.last_error) for one in connectors
    )
