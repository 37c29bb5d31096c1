-- Reports of earlier versions call a damaged repository RepositoryDamaged.
SET LOCAL ROLE ae_system;
UPDATE restic_tasks SET error = jsonb_set(error, '{error}', '"RepositoryCorrupted"')
WHERE error ->> 'error' = 'RepositoryDamaged';
UPDATE restic_task_attempts SET error = jsonb_set(error, '{error}', '"RepositoryCorrupted"')
WHERE error ->> 'error' = 'RepositoryDamaged';
RESET ROLE;
