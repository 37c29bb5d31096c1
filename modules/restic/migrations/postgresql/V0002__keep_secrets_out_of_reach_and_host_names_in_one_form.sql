-- Host names are compared in one form; two that differ in it only stay as they are.
-- Row security holds the owner, too.
SET LOCAL ROLE ae_system;
UPDATE restic_agents SET hostname = lower(btrim(hostname, E' \t\r\n'))
    WHERE hostname <> lower(btrim(hostname, E' \t\r\n')) AND btrim(hostname, E' \t\r\n') <> ''
    AND NOT EXISTS (SELECT 1 FROM restic_agents o WHERE o.tenant_id = restic_agents.tenant_id AND o.id <> restic_agents.id
        AND lower(btrim(o.hostname, E' \t\r\n')) = lower(btrim(restic_agents.hostname, E' \t\r\n')));
RESET ROLE;

-- The audit log kept what people had typed as environment and plugin settings. It is never changed otherwise.
ALTER TABLE audit_log NO FORCE ROW LEVEL SECURITY;
UPDATE audit_log SET before = jsonb_set(before, '{environment_vars}', '{}')
    WHERE object_type = 'repository' AND jsonb_typeof(before -> 'environment_vars') = 'object';
UPDATE audit_log SET after = jsonb_set(after, '{environment_vars}', '{}')
    WHERE object_type = 'repository' AND jsonb_typeof(after -> 'environment_vars') = 'object';
UPDATE audit_log SET before = jsonb_set(before, '{plugins}',
        COALESCE((SELECT jsonb_agg(p - 'settings') FROM jsonb_array_elements(before -> 'plugins') p), '[]'))
    WHERE object_type = 'policy' AND jsonb_typeof(before -> 'plugins') = 'array';
UPDATE audit_log SET after = jsonb_set(after, '{plugins}',
        COALESCE((SELECT jsonb_agg(p - 'settings') FROM jsonb_array_elements(after -> 'plugins') p), '[]'))
    WHERE object_type = 'policy' AND jsonb_typeof(after -> 'plugins') = 'array';
ALTER TABLE audit_log FORCE ROW LEVEL SECURITY;

-- What is a secret in restic_repositories.environment_vars and restic_policies.plugins goes into the vault when the
-- module starts: only the vault can seal it.
