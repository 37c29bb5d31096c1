-- A snapshot may hold several dumps, also beside files. own_dump: it is nothing but a dump.
ALTER TABLE restic_snapshots RENAME COLUMN dump TO dumps;
ALTER TABLE restic_snapshots ADD COLUMN own_dump boolean NOT NULL DEFAULT false;
UPDATE restic_snapshots SET dumps = jsonb_build_array(dumps), own_dump = true WHERE dumps IS NOT NULL;
