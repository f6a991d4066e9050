-- Staff's log is append-only for the service itself. What has grown old leaves by this function alone, and whoever
-- has the service's password cannot shorten the log with it: half a year before the last entry always stays.
CREATE FUNCTION forget_staff_actions(before timestamptz, at_most int) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = identity, pg_temp AS $$
    WITH old AS (
        SELECT bucket, id FROM staff_actions
        WHERE bucket = 0 AND begun_at < least(before, (
            SELECT max(begun_at) - interval '180 days' FROM staff_actions WHERE bucket = 0
        ))
        ORDER BY begun_at LIMIT at_most
    ), outcomes AS (
        DELETE FROM staff_action_outcomes AS o USING old WHERE o.bucket = old.bucket AND o.id = old.id
    ), gone AS (
        DELETE FROM staff_actions AS a USING old WHERE a.bucket = old.bucket AND a.id = old.id RETURNING 1
    )
    SELECT count(*) FROM gone
$$;
REVOKE ALL ON FUNCTION forget_staff_actions(timestamptz, int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION forget_staff_actions(timestamptz, int) TO rialto_identity;
