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
-- What the last check of each repository found, and how much of the data it read.
INSERT INTO restic_repository_damage (tenant_id, repository_id, task_id, error, message, reads, found_at_us)
    SELECT f.tenant_id, f.repository_id, f.task_id, json_extract(f.error, '$.error'), COALESCE(json_extract(f.error, '$.message'), ''),
        CASE WHEN json_extract(f.parameters, '$.read_data') THEN 'all' ELSE COALESCE(json_extract(f.parameters, '$.read_data_subset'), '') END,
        f.ended_at_us
    FROM (SELECT m.tenant_id, m.repository_id, m.task_id, m.ended_at_us,
            CASE WHEN json_valid(k.error) THEN k.error ELSE '{}' END AS error,
            CASE WHEN json_valid(k.parameters) THEN k.parameters ELSE '{}' END AS parameters
        FROM restic_repository_maintenance m JOIN restic_tasks k ON k.tenant_id = m.tenant_id AND k.id = m.task_id
        WHERE m.kind = 'check' AND m.status = 'failed') f
    WHERE json_extract(f.error, '$.error') IN ('RepositoryCorrupted', 'RepositoryNotFound');
