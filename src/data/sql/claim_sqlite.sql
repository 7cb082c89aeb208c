-- Takes up to ?2 tasks that nobody owns and whose time (?3) has come for node ?1: the most urgent that wait, and by
-- turns with them those that slept the longest past their time, so that neither waits for the other for ever.
-- The coin decides whose turn is first, which matters where there is room for one.
-- Indexes: tasker_tasks_claimable, tasker_tasks_sleeping. There is one node, so there is nothing to skip.
UPDATE tasker_tasks SET owner = ?1
WHERE id IN (
    SELECT id FROM (
        SELECT id, row_number() OVER () AS turn FROM (
            SELECT id FROM tasker_tasks
            WHERE owner IS NULL AND wake_at IS NULL AND status IN ('pending', 'in_progress')
            ORDER BY priority DESC, requested_at, id LIMIT ?2
        ) AS waiting
        UNION ALL
        SELECT id, row_number() OVER () AS turn FROM (
            SELECT id FROM tasker_tasks WHERE owner IS NULL AND wake_at IS NOT NULL AND wake_at <= ?3
            ORDER BY wake_at LIMIT ?2
        ) AS sleeping
    ) AS due ORDER BY turn, random() LIMIT ?2
)
RETURNING id
