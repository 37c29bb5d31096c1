-- Slots of a policy that became no backup of their own, and why; those one after the other with one reason are one row.
CREATE TABLE restic_skipped_slots (
    tenant_id TEXT NOT NULL REFERENCES tenants(id) ON DELETE CASCADE,
    policy_id TEXT NOT NULL,
    agent_id TEXT NOT NULL,
    first_slot_us INTEGER NOT NULL,
    last_slot_us INTEGER NOT NULL,
    slots INTEGER NOT NULL,
    reason TEXT NOT NULL,
    at_us INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, policy_id, agent_id, first_slot_us),
    FOREIGN KEY (tenant_id, agent_id, policy_id) REFERENCES restic_agent_policy_links (tenant_id, agent_id, policy_id) ON DELETE CASCADE
);
