-- Takes up to $3 tasks that nobody owns and whose time ($4) has come for node $1 in epoch $2: the most urgent that wait,
-- and by turns with them those that slept the longest past their time, so that neither waits for the other for ever.
-- The coin decides whose turn is first, which matters where there is room for one.
-- Indexes: tasker_tasks_claimable, tasker_tasks_sleeping. The array is built once, so the limits are evaluated once;
-- locked rows are another node's and are skipped. A claim is fenced like a flush ($5), and not counted.
WITH fence AS (UPDATE tasker_nodes SET flush_no = flush_no WHERE id = $1 AND epoch = $2 AND flush_no = $5 RETURNING 1),
taken AS (
    UPDATE tasker_tasks SET owner = $1
    WHERE EXISTS (SELECT 1 FROM fence) AND id = ANY (ARRAY(
        SELECT id FROM (
            SELECT id, row_number() OVER () AS turn FROM (
                SELECT id FROM tasker_tasks
                WHERE owner IS NULL AND wake_at IS NULL AND status IN ('pending', 'in_progress')
                ORDER BY priority DESC, requested_at, id LIMIT $3 FOR UPDATE SKIP LOCKED
            ) AS waiting
            UNION ALL
            SELECT id, row_number() OVER () AS turn FROM (
                SELECT id FROM tasker_tasks WHERE owner IS NULL AND wake_at IS NOT NULL AND wake_at <= $4
                ORDER BY wake_at LIMIT $3 FOR UPDATE SKIP LOCKED
            ) AS sleeping
        ) AS due ORDER BY turn, random() LIMIT $3
    ))
    RETURNING id
)
SELECT (SELECT count(*) FROM fence), ARRAY(SELECT id FROM taken)
