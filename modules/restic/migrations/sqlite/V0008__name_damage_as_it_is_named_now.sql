-- Reports of earlier versions call a damaged repository RepositoryDamaged.
UPDATE restic_tasks SET error = replace(error, '"error":"RepositoryDamaged"', '"error":"RepositoryCorrupted"')
WHERE error LIKE '%"error":"RepositoryDamaged"%';
UPDATE restic_task_attempts SET error = replace(error, '"error":"RepositoryDamaged"', '"error":"RepositoryCorrupted"')
WHERE error LIKE '%"error":"RepositoryDamaged"%';
