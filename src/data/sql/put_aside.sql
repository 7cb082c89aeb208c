-- Node $3 lets go of task $2 until $1, whatever else its row says. One that has a delay keeps it where it is longer; one at
-- rest was taken up for a wish alone and is not tried again by itself.
UPDATE tasker_tasks SET owner = NULL, wake_at = CASE
    WHEN status IN ('complete', 'error', 'cancelled', 'resolved_manually') THEN NULL
    WHEN status = 'pending' AND wake_at > $1 THEN wake_at
    ELSE $1
END
WHERE id = $2 AND owner = $3
