-- What is old is looked for by its age, oldest first, within a tenant.
CREATE INDEX idx_task_logs_age ON restic_task_logs (tenant_id, created_at_us, task_id);
CREATE INDEX idx_snapshots_removed ON restic_snapshots (tenant_id, removed_at_us, id) WHERE removed_at_us IS NOT NULL;

-- What names a task holds it.
CREATE INDEX idx_tasks_retry_of ON restic_tasks (tenant_id, retry_of) WHERE retry_of IS NOT NULL;
CREATE INDEX idx_repository_maintenance_task ON restic_repository_maintenance (tenant_id, task_id);
