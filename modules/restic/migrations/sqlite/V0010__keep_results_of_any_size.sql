-- The items of a task's result, a part of them in each row. `items` is a list of {"value": …} or, of an item that was refused,
-- {"problems": […]}; the figures are those of the attempt up to here.
CREATE TABLE restic_task_results (
    tenant_id TEXT NOT NULL,
    task_id TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    first_item INTEGER NOT NULL,
    last_item INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    refused INTEGER NOT NULL,
    items TEXT NOT NULL,
    created_at_us INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, task_id, attempt, last_item),
    FOREIGN KEY (tenant_id, task_id) REFERENCES restic_tasks (tenant_id, id) ON DELETE CASCADE
);
-- What is old is looked for by its age, oldest first, within a tenant.
CREATE INDEX idx_task_results_age ON restic_task_results (tenant_id, created_at_us, task_id);

-- The items of an ended task, counted.
ALTER TABLE restic_tasks ADD COLUMN items_count INTEGER;
ALTER TABLE restic_tasks ADD COLUMN items_bytes INTEGER;
ALTER TABLE restic_tasks ADD COLUMN items_refused INTEGER;

-- When a listing of its repository named the snapshot last.
ALTER TABLE restic_snapshots ADD COLUMN listed_at_us INTEGER;
