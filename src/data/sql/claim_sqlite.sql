-- Takes up to ?2 tasks that nobody owns and whose time (?3) has come for node ?1, the most urgent first.
-- Indexes: tasker_tasks_claimable, tasker_tasks_sleeping. There is one node, so there is nothing to skip.
UPDATE tasker_tasks SET owner = ?1
WHERE id IN (
    SELECT id FROM (
        SELECT id FROM (
            SELECT id, priority, requested_at FROM tasker_tasks
            WHERE owner IS NULL AND wake_at IS NULL AND status IN ('pending', 'in_progress')
            ORDER BY priority DESC, requested_at, id LIMIT ?2
        )
        UNION ALL
        SELECT id FROM (
            SELECT id FROM tasker_tasks WHERE owner IS NULL AND wake_at IS NOT NULL AND wake_at <= ?3
            ORDER BY wake_at LIMIT ?2
        )
    ) LIMIT ?2
)
RETURNING id
