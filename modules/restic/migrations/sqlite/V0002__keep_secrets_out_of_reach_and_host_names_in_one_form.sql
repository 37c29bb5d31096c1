-- Host names are compared in one form; two that differ in it only stay as they are.
UPDATE restic_agents SET hostname = lower(trim(hostname, char(32, 9, 13, 10)))
    WHERE hostname <> lower(trim(hostname, char(32, 9, 13, 10))) AND trim(hostname, char(32, 9, 13, 10)) <> ''
    AND NOT EXISTS (SELECT 1 FROM restic_agents o WHERE o.tenant_id = restic_agents.tenant_id AND o.id <> restic_agents.id
        AND lower(trim(o.hostname, char(32, 9, 13, 10))) = lower(trim(restic_agents.hostname, char(32, 9, 13, 10))));

-- The audit log kept what people had typed as environment and plugin settings. It is never changed otherwise.
UPDATE audit_log SET before = json_set(before, '$.environment_vars', json('{}'))
    WHERE object_type = 'repository' AND json_type(before, '$.environment_vars') = 'object';
UPDATE audit_log SET after = json_set(after, '$.environment_vars', json('{}'))
    WHERE object_type = 'repository' AND json_type(after, '$.environment_vars') = 'object';
UPDATE audit_log SET before = json_set(before, '$.plugins',
        json((SELECT json_group_array(json_remove(value, '$.settings')) FROM json_each(before, '$.plugins'))))
    WHERE object_type = 'policy' AND json_type(before, '$.plugins') = 'array';
UPDATE audit_log SET after = json_set(after, '$.plugins',
        json((SELECT json_group_array(json_remove(value, '$.settings')) FROM json_each(after, '$.plugins'))))
    WHERE object_type = 'policy' AND json_type(after, '$.plugins') = 'array';

-- What is a secret in restic_repositories.environment_vars and restic_policies.plugins goes into the vault when the
-- module starts: only the vault can seal it.
