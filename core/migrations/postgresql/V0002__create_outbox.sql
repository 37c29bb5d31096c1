-- Events that must survive a crash, written with the change that they tell of. `position` is given after the commit,
-- in the order in which they became visible: rows of concurrent units commit in another order than they are written.
CREATE TABLE core_outbox (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    position    bigint,
    tenant_id   uuid, -- the one that the event names
    event       text   NOT NULL,
    fields      text   NOT NULL,
    created_us  bigint NOT NULL
);
CREATE INDEX idx_core_outbox_position ON core_outbox (position, id);
CREATE INDEX idx_core_outbox_event ON core_outbox (event, position);

-- How far each durable subscription has come.
CREATE TABLE core_outbox_subscriptions (
    name      text    PRIMARY KEY,
    event     text    NOT NULL,
    position  bigint  NOT NULL,
    tries     integer NOT NULL, -- of the event after `position`
    seen_us   bigint  NOT NULL  -- when a host last had it
);
CREATE INDEX idx_core_outbox_subscriptions_event ON core_outbox_subscriptions (event, position);

-- Events that a subscription could not take.
CREATE TABLE core_outbox_dead (
    subscription  text    NOT NULL,
    id            bigint  NOT NULL, -- of the event
    tenant_id     uuid,
    event         text    NOT NULL,
    fields        text    NOT NULL,
    tries         integer NOT NULL,
    error         text    NOT NULL,
    created_us    bigint  NOT NULL,
    dead_us       bigint  NOT NULL,
    PRIMARY KEY (subscription, id)
);
CREATE INDEX idx_core_outbox_dead_us ON core_outbox_dead (dead_us);

-- A tenant's unit of work may add an event of its own tenant, and see none.
REVOKE ALL ON core_outbox, core_outbox_subscriptions, core_outbox_dead FROM ae_app;
GRANT INSERT ON core_outbox TO ae_app;
GRANT SELECT ON core_outbox_subscriptions TO ae_app;
DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['core_outbox', 'core_outbox_dead'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY tenant_isolation ON %I TO ae_app
            USING (tenant_id = (SELECT NULLIF(current_setting(''app.current_tenant'', true), '''')::uuid))
            WITH CHECK (tenant_id IS NULL
                OR tenant_id = (SELECT NULLIF(current_setting(''app.current_tenant'', true), '''')::uuid))', name);
        EXECUTE format('CREATE POLICY system_access ON %I TO ae_system USING (true) WITH CHECK (true)', name);
    END LOOP;
END $$;
