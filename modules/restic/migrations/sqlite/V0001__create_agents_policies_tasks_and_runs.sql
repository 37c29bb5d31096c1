-- Who runs backups: one row per enrolled machine. Revoked agents stay, with their history.
CREATE TABLE restic_agents (
    id TEXT PRIMARY KEY,
    tenant_id TEXT NOT NULL REFERENCES tenants(id) ON DELETE CASCADE,
    hostname TEXT NOT NULL,
    label TEXT,
    os TEXT NOT NULL CONSTRAINT chk_agents_os CHECK (os IN ('linux', 'windows', 'darwin', 'unknown')),
    arch TEXT NOT NULL,
    version TEXT NOT NULL,
    status TEXT NOT NULL CONSTRAINT chk_agents_status CHECK (status IN ('online', 'offline', 'error')),
    paused INTEGER NOT NULL DEFAULT 0,
    max_concurrent_tasks INTEGER NOT NULL DEFAULT 2,
    last_seen_at_us INTEGER,
    offline_reported_at_us INTEGER,
    metadata TEXT NOT NULL DEFAULT '{}',
    revoked_at_us INTEGER,
    created_at_us INTEGER NOT NULL,
    updated_at_us INTEGER NOT NULL,
    UNIQUE (tenant_id, id)
);
CREATE UNIQUE INDEX idx_agents_hostname ON restic_agents (tenant_id, hostname) WHERE revoked_at_us IS NULL;
CREATE INDEX idx_agents_last_seen ON restic_agents (last_seen_at_us) WHERE revoked_at_us IS NULL AND status <> 'offline';

-- Agents' identities: only the SHA-256 of a token is kept. After a rotation the old one stays good for 5 minutes.
CREATE TABLE restic_agent_tokens (
    id TEXT PRIMARY KEY,
    tenant_id TEXT NOT NULL,
    agent_id TEXT NOT NULL,
    token_sha256 TEXT NOT NULL UNIQUE,
    created_at_us INTEGER NOT NULL,
    expires_at_us INTEGER NOT NULL,
    revoked_at_us INTEGER,
    FOREIGN KEY (tenant_id, agent_id) REFERENCES restic_agents (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX idx_agent_tokens_agent ON restic_agent_tokens (tenant_id, agent_id);

CREATE TABLE restic_registration_tokens (
    id TEXT PRIMARY KEY,
    tenant_id TEXT NOT NULL REFERENCES tenants(id) ON DELETE CASCADE,
    token_sha256 TEXT NOT NULL UNIQUE,
    hostname TEXT,
    max_uses INTEGER NOT NULL DEFAULT 1,
    uses INTEGER NOT NULL DEFAULT 0,
    created_by TEXT NOT NULL,
    created_at_us INTEGER NOT NULL,
    expires_at_us INTEGER NOT NULL,
    UNIQUE (tenant_id, id)
);

-- Which agent came of which use: the same token and nonce give the same agent again.
CREATE TABLE restic_registrations (
    tenant_id TEXT NOT NULL,
    registration_token_id TEXT NOT NULL,
    nonce TEXT NOT NULL,
    agent_id TEXT NOT NULL,
    created_at_us INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, registration_token_id, nonce),
    FOREIGN KEY (tenant_id, registration_token_id) REFERENCES restic_registration_tokens (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, agent_id) REFERENCES restic_agents (tenant_id, id) ON DELETE CASCADE
);

CREATE TABLE restic_repositories (
    id TEXT PRIMARY KEY,
    tenant_id TEXT NOT NULL REFERENCES tenants(id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    type TEXT NOT NULL CHECK (type IN ('local', 'sftp', 's3', 'rest', 'azure', 'gcs', 'b2', 'swift', 'rclone')),
    url TEXT NOT NULL,
    config TEXT NOT NULL DEFAULT '{}',
    agent_id TEXT,
    password_file TEXT,
    cert_file TEXT,
    environment_vars TEXT NOT NULL DEFAULT '{}',
    maintenance TEXT NOT NULL DEFAULT '{}',
    first_success_at_us INTEGER,
    archived_at_us INTEGER,
    created_at_us INTEGER NOT NULL,
    updated_at_us INTEGER NOT NULL,
    UNIQUE (tenant_id, id),
    FOREIGN KEY (tenant_id, agent_id) REFERENCES restic_agents (tenant_id, id)
);
CREATE UNIQUE INDEX idx_repositories_name ON restic_repositories (tenant_id, name) WHERE archived_at_us IS NULL;

CREATE TABLE restic_policies (
    id TEXT PRIMARY KEY,
    tenant_id TEXT NOT NULL REFERENCES tenants(id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    enabled INTEGER NOT NULL DEFAULT 1,
    schedule TEXT NOT NULL,
    timezone TEXT NOT NULL DEFAULT 'UTC',
    include_paths TEXT NOT NULL,
    exclude_paths TEXT NOT NULL DEFAULT '[]',
    tags TEXT NOT NULL DEFAULT '[]',
    retention_rules TEXT NOT NULL,
    priority INTEGER NOT NULL DEFAULT 0 CHECK (priority BETWEEN 0 AND 10),
    timeout_seconds INTEGER NOT NULL DEFAULT 21600,
    max_age_hours INTEGER,
    min_size_bytes INTEGER,
    repository_id TEXT,
    plugins TEXT NOT NULL DEFAULT '[]',
    catch_up TEXT NOT NULL DEFAULT 'one',
    archived_at_us INTEGER,
    created_at_us INTEGER NOT NULL,
    updated_at_us INTEGER NOT NULL,
    UNIQUE (tenant_id, id),
    FOREIGN KEY (tenant_id, repository_id) REFERENCES restic_repositories (tenant_id, id)
);
CREATE UNIQUE INDEX idx_policies_name ON restic_policies (tenant_id, name) WHERE archived_at_us IS NULL;

-- Which agent follows which policy, and when its next run is due.
CREATE TABLE restic_agent_policy_links (
    tenant_id TEXT NOT NULL,
    agent_id TEXT NOT NULL,
    policy_id TEXT NOT NULL,
    created_at_us INTEGER NOT NULL,
    next_run_at_us INTEGER,
    PRIMARY KEY (tenant_id, agent_id, policy_id),
    FOREIGN KEY (tenant_id, agent_id) REFERENCES restic_agents (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, policy_id) REFERENCES restic_policies (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX idx_agent_policy_links_policy ON restic_agent_policy_links (tenant_id, policy_id);
CREATE INDEX idx_agent_policy_links_due ON restic_agent_policy_links (next_run_at_us) WHERE next_run_at_us IS NOT NULL;

-- What is watched: an agent's policy, or a repository that is polled directly.
CREATE TABLE restic_targets (
    id TEXT PRIMARY KEY,
    tenant_id TEXT NOT NULL REFERENCES tenants(id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    mode TEXT NOT NULL CHECK (mode IN ('direct', 'agent')),
    repository_id TEXT,
    agent_id TEXT,
    policy_id TEXT,
    disabled INTEGER NOT NULL DEFAULT 0,
    created_at_us INTEGER NOT NULL,
    updated_at_us INTEGER NOT NULL,
    UNIQUE (tenant_id, id),
    CONSTRAINT uk_targets_name UNIQUE (tenant_id, name),
    FOREIGN KEY (tenant_id, repository_id) REFERENCES restic_repositories (tenant_id, id),
    FOREIGN KEY (tenant_id, agent_id) REFERENCES restic_agents (tenant_id, id),
    FOREIGN KEY (tenant_id, policy_id) REFERENCES restic_policies (tenant_id, id)
);
CREATE UNIQUE INDEX idx_targets_agent_policy ON restic_targets (tenant_id, agent_id, policy_id) WHERE mode = 'agent';

CREATE TABLE restic_tasks (
    id TEXT PRIMARY KEY,
    tenant_id TEXT NOT NULL REFERENCES tenants(id) ON DELETE CASCADE,
    type TEXT NOT NULL,
    status TEXT NOT NULL CONSTRAINT chk_tasks_status CHECK (status IN ('created', 'queued', 'assigned', 'running',
        'unreachable', 'success', 'warning', 'failed', 'cancelled')),
    attempt INTEGER NOT NULL DEFAULT 1,
    agent_id TEXT NOT NULL,
    policy_id TEXT,
    target_id TEXT,
    repository_id TEXT,
    priority INTEGER NOT NULL DEFAULT 0 CHECK (priority BETWEEN 0 AND 10),
    parameters TEXT NOT NULL DEFAULT '{}',
    metadata TEXT NOT NULL DEFAULT '{}',
    timeout_seconds INTEGER NOT NULL DEFAULT 21600,
    slot_us INTEGER,
    not_before_us INTEGER,
    lease_until_us INTEGER,
    progress TEXT,
    result TEXT,
    error TEXT,
    cancel_requested_at_us INTEGER,
    cancel_sent_at_us INTEGER,
    retry_of TEXT,
    created_at_us INTEGER NOT NULL,
    assigned_at_us INTEGER,
    started_at_us INTEGER,
    completed_at_us INTEGER,
    updated_at_us INTEGER NOT NULL,
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
    tenant_id TEXT NOT NULL,
    task_id TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    agent_id TEXT NOT NULL,
    assigned_at_us INTEGER NOT NULL,
    started_at_us INTEGER,
    ended_at_us INTEGER,
    outcome TEXT,
    error TEXT,
    PRIMARY KEY (tenant_id, task_id, attempt),
    FOREIGN KEY (tenant_id, task_id) REFERENCES restic_tasks (tenant_id, id) ON DELETE CASCADE
);

-- A batch of lines is one row: a line each would be the hottest table of the system.
CREATE TABLE restic_task_logs (
    tenant_id TEXT NOT NULL,
    task_id TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    first_seq INTEGER NOT NULL,
    last_seq INTEGER NOT NULL,
    lines TEXT NOT NULL,
    created_at_us INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, task_id, attempt, first_seq),
    FOREIGN KEY (tenant_id, task_id) REFERENCES restic_tasks (tenant_id, id) ON DELETE CASCADE
);

CREATE TABLE restic_backup_runs (
    id TEXT PRIMARY KEY,
    tenant_id TEXT NOT NULL,
    agent_id TEXT NOT NULL,
    policy_id TEXT,
    target_id TEXT,
    start_time_us INTEGER NOT NULL,
    end_time_us INTEGER,
    status TEXT NOT NULL CONSTRAINT chk_backup_runs_status CHECK (status IN ('created', 'running', 'success', 'warning',
        'failed', 'cancelled')),
    error_message TEXT,
    files_new INTEGER,
    files_changed INTEGER,
    files_unmodified INTEGER,
    dirs_new INTEGER,
    dirs_changed INTEGER,
    dirs_unmodified INTEGER,
    data_added INTEGER,
    data_added_packed INTEGER,
    total_files_processed INTEGER,
    total_bytes_processed INTEGER,
    duration_seconds REAL,
    snapshot_id TEXT,
    unread_count INTEGER NOT NULL DEFAULT 0,
    unread_items TEXT NOT NULL DEFAULT '[]',
    created_at_us INTEGER NOT NULL,
    updated_at_us INTEGER NOT NULL,
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
    id TEXT PRIMARY KEY,
    tenant_id TEXT NOT NULL REFERENCES tenants(id) ON DELETE CASCADE,
    repository_id TEXT NOT NULL,
    target_id TEXT,
    backup_run_id TEXT,
    snapshot_id TEXT NOT NULL,
    short_id TEXT NOT NULL,
    time_us INTEGER NOT NULL,
    hostname TEXT,
    username TEXT,
    paths TEXT NOT NULL DEFAULT '[]',
    tags TEXT NOT NULL DEFAULT '[]',
    parent TEXT,
    tree TEXT,
    source TEXT NOT NULL CHECK (source IN ('direct_poll', 'agent_report')),
    file_count INTEGER,
    size_bytes INTEGER,
    created_at_us INTEGER NOT NULL,
    UNIQUE (tenant_id, repository_id, snapshot_id),
    FOREIGN KEY (tenant_id, repository_id) REFERENCES restic_repositories (tenant_id, id),
    FOREIGN KEY (tenant_id, target_id) REFERENCES restic_targets (tenant_id, id),
    FOREIGN KEY (tenant_id, backup_run_id) REFERENCES restic_backup_runs (tenant_id, id)
);
CREATE INDEX idx_snapshots_listed ON restic_snapshots (tenant_id, time_us DESC, id DESC);
CREATE INDEX idx_snapshots_target ON restic_snapshots (tenant_id, target_id, time_us DESC);
