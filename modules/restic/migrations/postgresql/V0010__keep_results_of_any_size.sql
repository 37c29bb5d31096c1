-- The items of a task's result, a part of them in each row. `items` is a list of {"value": …} or, of an item that was refused,
-- {"problems": […]}; the figures are those of the attempt up to here.
CREATE TABLE restic_task_results (
    tenant_id uuid NOT NULL,
    task_id uuid NOT NULL,
    attempt integer NOT NULL,
    first_item bigint NOT NULL,
    last_item bigint NOT NULL,
    bytes bigint NOT NULL,
    sha256 text NOT NULL,
    refused bigint NOT NULL,
    items jsonb NOT NULL,
    created_at_us bigint NOT NULL,
    PRIMARY KEY (tenant_id, task_id, attempt, last_item),
    FOREIGN KEY (tenant_id, task_id) REFERENCES restic_tasks (tenant_id, id) ON DELETE CASCADE
);
-- What is old is looked for by its age, oldest first, within a tenant.
CREATE INDEX idx_task_results_age ON restic_task_results (tenant_id, created_at_us, task_id);
ALTER TABLE restic_task_results ENABLE ROW LEVEL SECURITY;
ALTER TABLE restic_task_results FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON restic_task_results TO ae_app
    USING (tenant_id = (SELECT NULLIF(current_setting('app.current_tenant', true), '')::uuid))
    WITH CHECK (tenant_id = (SELECT NULLIF(current_setting('app.current_tenant', true), '')::uuid));
CREATE POLICY system_access ON restic_task_results TO ae_system USING (true) WITH CHECK (true);

-- The items of an ended task, counted.
ALTER TABLE restic_tasks ADD COLUMN items_count bigint;
ALTER TABLE restic_tasks ADD COLUMN items_bytes bigint;
ALTER TABLE restic_tasks ADD COLUMN items_refused bigint;

-- When a listing of its repository named the snapshot last.
ALTER TABLE restic_snapshots ADD COLUMN listed_at_us bigint;
