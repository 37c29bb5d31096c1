-- Who runs backups: one row per enrolled machine. Revoked agents stay, with their history.
CREATE TABLE restic_agents (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants(id) ON DELETE CASCADE,
    hostname text NOT NULL,
    label text,
    os text NOT NULL CONSTRAINT chk_agents_os CHECK (os IN ('linux', 'windows', 'darwin', 'unknown')),
    arch text NOT NULL,
    version text NOT NULL,
    status text NOT NULL CONSTRAINT chk_agents_status CHECK (status IN ('online', 'offline', 'error')),
    paused boolean NOT NULL DEFAULT FALSE,
    max_concurrent_tasks integer NOT NULL DEFAULT 2,
    last_seen_at_us bigint,
    offline_reported_at_us bigint,
    metadata jsonb NOT NULL DEFAULT '{}',
    revoked_at_us bigint,
    created_at_us bigint NOT NULL,
    updated_at_us bigint NOT NULL,
    UNIQUE (tenant_id, id)
);
CREATE UNIQUE INDEX idx_agents_hostname ON restic_agents (tenant_id, hostname) WHERE revoked_at_us IS NULL;
CREATE INDEX idx_agents_last_seen ON restic_agents (last_seen_at_us) WHERE revoked_at_us IS NULL AND status <> 'offline';

-- Agents' identities: only the SHA-256 of a token is kept. After a rotation the old one stays good for 5 minutes.
CREATE TABLE restic_agent_tokens (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL,
    agent_id uuid NOT NULL,
    token_sha256 text NOT NULL UNIQUE,
    created_at_us bigint NOT NULL,
    expires_at_us bigint NOT NULL,
    revoked_at_us bigint,
    FOREIGN KEY (tenant_id, agent_id) REFERENCES restic_agents (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX idx_agent_tokens_agent ON restic_agent_tokens (tenant_id, agent_id);

CREATE TABLE restic_registration_tokens (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants(id) ON DELETE CASCADE,
    token_sha256 text NOT NULL UNIQUE,
    hostname text,
    max_uses integer NOT NULL DEFAULT 1,
    uses integer NOT NULL DEFAULT 0,
    created_by text NOT NULL,
    created_at_us bigint NOT NULL,
    expires_at_us bigint NOT NULL,
    UNIQUE (tenant_id, id)
);

-- Which agent came of which use: the same token and nonce give the same agent again.
CREATE TABLE restic_registrations (
    tenant_id uuid NOT NULL,
    registration_token_id uuid NOT NULL,
    nonce text NOT NULL,
    agent_id uuid NOT NULL,
    created_at_us bigint NOT NULL,
    PRIMARY KEY (tenant_id, registration_token_id, nonce),
    FOREIGN KEY (tenant_id, registration_token_id) REFERENCES restic_registration_tokens (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, agent_id) REFERENCES restic_agents (tenant_id, id) ON DELETE CASCADE
);

CREATE TABLE restic_repositories (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants(id) ON DELETE CASCADE,
    name text NOT NULL,
    type text NOT NULL CHECK (type IN ('local', 'sftp', 's3', 'rest', 'azure', 'gcs', 'b2', 'swift', 'rclone')),
    url text NOT NULL,
    config jsonb NOT NULL DEFAULT '{}',
    agent_id uuid,
    password_file text,
    cert_file text,
    environment_vars jsonb NOT NULL DEFAULT '{}',
    maintenance jsonb NOT NULL DEFAULT '{}',
    first_success_at_us bigint,
    archived_at_us bigint,
    created_at_us bigint NOT NULL,
    updated_at_us bigint NOT NULL,
    UNIQUE (tenant_id, id),
    FOREIGN KEY (tenant_id, agent_id) REFERENCES restic_agents (tenant_id, id)
);
CREATE UNIQUE INDEX idx_repositories_name ON restic_repositories (tenant_id, name) WHERE archived_at_us IS NULL;

CREATE TABLE restic_policies (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants(id) ON DELETE CASCADE,
    name text NOT NULL,
    enabled boolean NOT NULL DEFAULT TRUE,
    schedule text NOT NULL,
    timezone text NOT NULL DEFAULT 'UTC',
    include_paths jsonb NOT NULL,
    exclude_paths jsonb NOT NULL DEFAULT '[]',
    tags jsonb NOT NULL DEFAULT '[]',
    retention_rules jsonb NOT NULL,
    priority integer NOT NULL DEFAULT 0 CHECK (priority BETWEEN 0 AND 10),
    timeout_seconds bigint NOT NULL DEFAULT 21600,
    max_age_hours bigint,
    min_size_bytes bigint,
    repository_id uuid,
    plugins jsonb NOT NULL DEFAULT '[]',
    catch_up text NOT NULL DEFAULT 'one',
    archived_at_us bigint,
    created_at_us bigint NOT NULL,
    updated_at_us bigint NOT NULL,
    UNIQUE (tenant_id, id),
    FOREIGN KEY (tenant_id, repository_id) REFERENCES restic_repositories (tenant_id, id)
);
CREATE UNIQUE INDEX idx_policies_name ON restic_policies (tenant_id, name) WHERE archived_at_us IS NULL;

-- Which agent follows which policy, and when its next run is due.
CREATE TABLE restic_agent_policy_links (
    tenant_id uuid NOT NULL,
    agent_id uuid NOT NULL,
    policy_id uuid NOT NULL,
    created_at_us bigint NOT NULL,
    next_run_at_us bigint,
    PRIMARY KEY (tenant_id, agent_id, policy_id),
    FOREIGN KEY (tenant_id, agent_id) REFERENCES restic_agents (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, policy_id) REFERENCES restic_policies (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX idx_agent_policy_links_policy ON restic_agent_policy_links (tenant_id, policy_id);
CREATE INDEX idx_agent_policy_links_due ON restic_agent_policy_links (next_run_at_us) WHERE next_run_at_us IS NOT NULL;

-- What is watched: an agent's policy, or a repository that is polled directly.
CREATE TABLE restic_targets (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants(id) ON DELETE CASCADE,
    name text NOT NULL,
    mode text NOT NULL CHECK (mode IN ('direct', 'agent')),
    repository_id uuid,
    agent_id uuid,
    policy_id uuid,
    disabled boolean NOT NULL DEFAULT FALSE,
    created_at_us bigint NOT NULL,
    updated_at_us bigint NOT NULL,
    UNIQUE (tenant_id, id),
    CONSTRAINT uk_targets_name UNIQUE (tenant_id, name),
    FOREIGN KEY (tenant_id, repository_id) REFERENCES restic_repositories (tenant_id, id),
    FOREIGN KEY (tenant_id, agent_id) REFERENCES restic_agents (tenant_id, id),
    FOREIGN KEY (tenant_id, policy_id) REFERENCES restic_policies (tenant_id, id)
);
CREATE UNIQUE INDEX idx_targets_agent_policy ON restic_targets (tenant_id, agent_id, policy_id) WHERE mode = 'agent';

CREATE TABLE restic_tasks (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants(id) ON DELETE CASCADE,
    type text NOT NULL,
    status text NOT NULL CONSTRAINT chk_tasks_status CHECK (status IN ('created', 'queued', 'assigned', 'running',
        'unreachable', 'success', 'warning', 'failed', 'cancelled')),
    attempt integer NOT NULL DEFAULT 1,
    agent_id uuid NOT NULL,
    policy_id uuid,
    target_id uuid,
    repository_id uuid,
    priority integer NOT NULL DEFAULT 0 CHECK (priority BETWEEN 0 AND 10),
    parameters jsonb NOT NULL DEFAULT '{}',
    metadata jsonb NOT NULL DEFAULT '{}',
    timeout_seconds bigint NOT NULL DEFAULT 21600,
    slot_us bigint,
    not_before_us bigint,
    lease_until_us bigint,
    progress jsonb,
    result jsonb,
    error jsonb,
    cancel_requested_at_us bigint,
    cancel_sent_at_us bigint,
    retry_of uuid,
    created_at_us bigint NOT NULL,
    assigned_at_us bigint,
    started_at_us bigint,
    completed_at_us bigint,
    updated_at_us bigint NOT NULL,
    UNIQUE (tenant_id, id),
    FOREIGN KEY (tenant_id, agent_id) REFERENCES restic_agents (tenant_id, id),
    FOREIGN KEY (tenant_id, policy_id) REFERENCES restic_policies (tenant_id, id),
    FOREIGN KEY (tenant_id, target_id) REFERENCES restic_targets (tenant_id, id),
    FOREIGN KEY (tenant_id, repository_id) REFERENCES restic_repositories (tenant_id, id)
);
-- One (policy, agent, slot), one task: a second host cannot fire the same slot.
CREATE UNIQUE INDEX idx_tasks_slot ON restic_tasks (tenant_id, policy_id, agent_id, slot_us) WHERE slot_us IS NOT NULL;
-- One waiting run per (policy, agent) at most.
CREATE UNIQUE INDEX idx_tasks_pending ON restic_tasks (tenant_id, policy_id, agent_id, type)
    WHERE status IN ('created', 'queued') AND policy_id IS NOT NULL AND attempt = 1;
CREATE INDEX idx_tasks_open ON restic_tasks (tenant_id, agent_id, priority DESC, id)
    WHERE status IN ('created', 'queued', 'assigned', 'running', 'unreachable');
CREATE INDEX idx_tasks_lease ON restic_tasks (lease_until_us) WHERE status IN ('assigned', 'running');
CREATE INDEX idx_tasks_listed ON restic_tasks (tenant_id, created_at_us DESC, id DESC);

CREATE TABLE restic_task_attempts (
    tenant_id uuid NOT NULL,
    task_id uuid NOT NULL,
    attempt integer NOT NULL,
    agent_id uuid NOT NULL,
    assigned_at_us bigint NOT NULL,
    started_at_us bigint,
    ended_at_us bigint,
    outcome text,
    error jsonb,
    PRIMARY KEY (tenant_id, task_id, attempt),
    FOREIGN KEY (tenant_id, task_id) REFERENCES restic_tasks (tenant_id, id) ON DELETE CASCADE
);

-- A batch of lines is one row: a line each would be the hottest table of the system.
CREATE TABLE restic_task_logs (
    tenant_id uuid NOT NULL,
    task_id uuid NOT NULL,
    attempt integer NOT NULL,
    first_seq bigint NOT NULL,
    last_seq bigint NOT NULL,
    lines jsonb NOT NULL,
    created_at_us bigint NOT NULL,
    PRIMARY KEY (tenant_id, task_id, attempt, first_seq),
    FOREIGN KEY (tenant_id, task_id) REFERENCES restic_tasks (tenant_id, id) ON DELETE CASCADE
);

CREATE TABLE restic_backup_runs (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL,
    agent_id uuid NOT NULL,
    policy_id uuid,
    target_id uuid,
    start_time_us bigint NOT NULL,
    end_time_us bigint,
    status text NOT NULL CONSTRAINT chk_backup_runs_status CHECK (status IN ('created', 'running', 'success', 'warning',
        'failed', 'cancelled')),
    error_message text,
    files_new bigint,
    files_changed bigint,
    files_unmodified bigint,
    dirs_new bigint,
    dirs_changed bigint,
    dirs_unmodified bigint,
    data_added bigint,
    data_added_packed bigint,
    total_files_processed bigint,
    total_bytes_processed bigint,
    duration_seconds double precision,
    snapshot_id text,
    unread_count bigint NOT NULL DEFAULT 0,
    unread_items jsonb NOT NULL DEFAULT '[]',
    created_at_us bigint NOT NULL,
    updated_at_us bigint NOT NULL,
    UNIQUE (tenant_id, id),
    FOREIGN KEY (tenant_id, id) REFERENCES restic_tasks (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, agent_id) REFERENCES restic_agents (tenant_id, id),
    FOREIGN KEY (tenant_id, policy_id) REFERENCES restic_policies (tenant_id, id),
    FOREIGN KEY (tenant_id, target_id) REFERENCES restic_targets (tenant_id, id)
);
CREATE INDEX idx_backup_runs_listed ON restic_backup_runs (tenant_id, created_at_us DESC, id DESC);
CREATE INDEX idx_backup_runs_target ON restic_backup_runs (tenant_id, target_id, start_time_us DESC);
CREATE INDEX idx_backup_runs_policy ON restic_backup_runs (tenant_id, policy_id, start_time_us DESC);

CREATE TABLE restic_snapshots (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants(id) ON DELETE CASCADE,
    repository_id uuid NOT NULL,
    target_id uuid,
    backup_run_id uuid,
    snapshot_id text NOT NULL,
    short_id text NOT NULL,
    time_us bigint NOT NULL,
    hostname text,
    username text,
    paths jsonb NOT NULL DEFAULT '[]',
    tags jsonb NOT NULL DEFAULT '[]',
    parent text,
    tree text,
    source text NOT NULL CHECK (source IN ('direct_poll', 'agent_report')),
    file_count bigint,
    size_bytes bigint,
    created_at_us bigint NOT NULL,
    UNIQUE (tenant_id, repository_id, snapshot_id),
    FOREIGN KEY (tenant_id, repository_id) REFERENCES restic_repositories (tenant_id, id),
    FOREIGN KEY (tenant_id, target_id) REFERENCES restic_targets (tenant_id, id),
    FOREIGN KEY (tenant_id, backup_run_id) REFERENCES restic_backup_runs (tenant_id, id)
);
CREATE INDEX idx_snapshots_listed ON restic_snapshots (tenant_id, time_us DESC, id DESC);
CREATE INDEX idx_snapshots_target ON restic_snapshots (tenant_id, target_id, time_us DESC);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['restic_agents', 'restic_agent_tokens', 'restic_registration_tokens',
        'restic_registrations', 'restic_repositories', 'restic_policies', 'restic_agent_policy_links',
        'restic_targets', 'restic_tasks', 'restic_task_attempts', 'restic_task_logs', 'restic_backup_runs',
        'restic_snapshots']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY tenant_isolation ON %I TO ae_app
            USING (tenant_id = NULLIF(current_setting(''app.current_tenant'', true), '''')::uuid)
            WITH CHECK (tenant_id = NULLIF(current_setting(''app.current_tenant'', true), '''')::uuid)', name);
        EXECUTE format('CREATE POLICY system_access ON %I TO ae_system USING (true) WITH CHECK (true)', name);
    END LOOP;
END $$;
