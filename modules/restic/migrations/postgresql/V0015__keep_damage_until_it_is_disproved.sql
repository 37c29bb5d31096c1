-- Damage that a check found stays known until a check has looked at as much and found none.
CREATE TABLE restic_repository_damage (
    tenant_id uuid NOT NULL REFERENCES tenants(id) ON DELETE CASCADE,
    repository_id uuid NOT NULL,
    task_id uuid NOT NULL,
    error text NOT NULL,
    message text NOT NULL,
    reads text NOT NULL,
    found_at_us bigint NOT NULL,
    PRIMARY KEY (tenant_id, repository_id),
    FOREIGN KEY (tenant_id, repository_id) REFERENCES restic_repositories (tenant_id, id)
);
ALTER TABLE restic_repository_damage ENABLE ROW LEVEL SECURITY;
ALTER TABLE restic_repository_damage FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON restic_repository_damage TO ae_app
    USING (tenant_id = (SELECT NULLIF(current_setting('app.current_tenant', true), '')::uuid))
    WITH CHECK (tenant_id = (SELECT NULLIF(current_setting('app.current_tenant', true), '')::uuid));
CREATE POLICY system_access ON restic_repository_damage TO ae_system USING (true) WITH CHECK (true);

-- Row security holds the owner as well.
SET LOCAL ROLE ae_system;
-- What the last check of each repository found, and how much of the data it read.
INSERT INTO restic_repository_damage (tenant_id, repository_id, task_id, error, message, reads, found_at_us)
    SELECT m.tenant_id, m.repository_id, m.task_id, k.error ->> 'error', COALESCE(k.error ->> 'message', ''),
        CASE WHEN k.parameters ->> 'read_data' = 'true' THEN 'all' ELSE COALESCE(k.parameters ->> 'read_data_subset', '') END,
        m.ended_at_us
    FROM restic_repository_maintenance m JOIN restic_tasks k ON k.tenant_id = m.tenant_id AND k.id = m.task_id
    WHERE m.kind = 'check' AND m.status = 'failed' AND k.error ->> 'error' IN ('RepositoryCorrupted', 'RepositoryNotFound');
RESET ROLE;
