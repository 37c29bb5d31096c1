-- Damage that a check found stays known until a check has looked at as much and found none.
CREATE TABLE restic_repository_damage (
    tenant_id TEXT NOT NULL REFERENCES tenants(id) ON DELETE CASCADE,
    repository_id TEXT NOT NULL,
    task_id TEXT NOT NULL,
    error TEXT NOT NULL,
    message TEXT NOT NULL,
    reads TEXT NOT NULL,
    found_at_us INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, repository_id),
    FOREIGN KEY (tenant_id, repository_id) REFERENCES restic_repositories (tenant_id, id)
);
-- What the last check of each repository found, as far as it is known. A check of the structure disproves it.
INSERT INTO restic_repository_damage (tenant_id, repository_id, task_id, error, message, reads, found_at_us)
    SELECT m.tenant_id, m.repository_id, m.task_id, json_extract(k.error, '$.error'), COALESCE(json_extract(k.error, '$.message'), ''), '', m.ended_at_us
    FROM restic_repository_maintenance m JOIN restic_tasks k ON k.tenant_id = m.tenant_id AND k.id = m.task_id
    WHERE m.kind = 'check' AND m.status = 'failed' AND json_extract(k.error, '$.error') IN ('RepositoryCorrupted', 'RepositoryNotFound');
