-- Damage is at a place: a repository that is moved, and moved back, has it still. '' stands for any place, of before.
ALTER TABLE restic_repository_damage ADD COLUMN place text NOT NULL DEFAULT '';
-- Row security holds the owner as well.
SET LOCAL ROLE ae_system;
UPDATE restic_repository_damage d SET place = r.place FROM restic_repositories r WHERE r.tenant_id = d.tenant_id AND r.id = d.repository_id;
RESET ROLE;
ALTER TABLE restic_repository_damage ALTER COLUMN place DROP DEFAULT;
ALTER TABLE restic_repository_damage DROP CONSTRAINT restic_repository_damage_pkey;
ALTER TABLE restic_repository_damage ADD PRIMARY KEY (tenant_id, repository_id, place);
