-- Slots of a policy that became no backup of their own, and why; those one after the other with one reason are one row.
CREATE TABLE restic_skipped_slots (
    tenant_id uuid NOT NULL REFERENCES tenants(id) ON DELETE CASCADE,
    policy_id uuid NOT NULL,
    agent_id uuid NOT NULL,
    first_slot_us bigint NOT NULL,
    last_slot_us bigint NOT NULL,
    slots integer NOT NULL,
    reason text NOT NULL,
    at_us bigint NOT NULL,
    PRIMARY KEY (tenant_id, policy_id, agent_id, first_slot_us),
    FOREIGN KEY (tenant_id, agent_id, policy_id) REFERENCES restic_agent_policy_links (tenant_id, agent_id, policy_id) ON DELETE CASCADE
);
ALTER TABLE restic_skipped_slots ENABLE ROW LEVEL SECURITY;
ALTER TABLE restic_skipped_slots FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON restic_skipped_slots TO ae_app
    USING (tenant_id = (SELECT NULLIF(current_setting('app.current_tenant', true), '')::uuid))
    WITH CHECK (tenant_id = (SELECT NULLIF(current_setting('app.current_tenant', true), '')::uuid));
CREATE POLICY system_access ON restic_skipped_slots TO ae_system USING (true) WITH CHECK (true);
