-- An agent that asks for work is counted what it holds, however much waits for it.
CREATE INDEX idx_tasks_held_agent ON restic_tasks (tenant_id, agent_id)
    WHERE status IN ('assigned', 'running', 'unreachable');
-- When a repository becomes free, those are woken who wait for it, each once, however much each waits for.
CREATE INDEX idx_tasks_waiting_repository ON restic_tasks (tenant_id, repository_id, agent_id)
    WHERE status IN ('created', 'queued');
