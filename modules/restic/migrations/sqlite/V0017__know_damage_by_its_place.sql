-- Damage is at a place: a repository that is moved, and moved back, has it still. '' stands for any place, of before.
ALTER TABLE restic_repository_damage RENAME TO restic_repository_damage_before;
CREATE TABLE restic_repository_damage (
    tenant_id TEXT NOT NULL REFERENCES tenants(id) ON DELETE CASCADE,
    repository_id TEXT NOT NULL,
    place TEXT NOT NULL,
    task_id TEXT NOT NULL,
    error TEXT NOT NULL,
    message TEXT NOT NULL,
    reads TEXT NOT NULL,
    found_at_us INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, repository_id, place),
    FOREIGN KEY (tenant_id, repository_id) REFERENCES restic_repositories (tenant_id, id)
);
INSERT INTO restic_repository_damage (tenant_id, repository_id, place, task_id, error, message, reads, found_at_us)
    SELECT d.tenant_id, d.repository_id, r.place, d.task_id, d.error, d.message, d.reads, d.found_at_us
    FROM restic_repository_damage_before d JOIN restic_repositories r ON r.tenant_id = d.tenant_id AND r.id = d.repository_id;
DROP TABLE restic_repository_damage_before;
