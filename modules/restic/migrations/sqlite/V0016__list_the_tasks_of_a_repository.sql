-- Tasks of one repository, newest first.
CREATE INDEX idx_tasks_repository ON restic_tasks (tenant_id, repository_id, created_at_us DESC, id DESC);
