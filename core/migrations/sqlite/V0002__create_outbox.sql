-- Events that must survive a crash, written with the change that they tell of. `position` is given after the commit.
CREATE TABLE core_outbox (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    position    BIGINT,
    tenant_id   TEXT, -- the one that the event names
    event       TEXT    NOT NULL,
    fields      TEXT    NOT NULL,
    created_us  BIGINT  NOT NULL
);
CREATE INDEX idx_core_outbox_position ON core_outbox (position, id);
CREATE INDEX idx_core_outbox_event ON core_outbox (event, position);

-- How far each durable subscription has come.
CREATE TABLE core_outbox_subscriptions (
    name      TEXT    PRIMARY KEY,
    event     TEXT    NOT NULL,
    position  BIGINT  NOT NULL,
    tries     INTEGER NOT NULL, -- of the event after `position`
    seen_us   BIGINT  NOT NULL  -- when a host last had it
);
CREATE INDEX idx_core_outbox_subscriptions_event ON core_outbox_subscriptions (event, position);

-- Events that a subscription could not take.
CREATE TABLE core_outbox_dead (
    subscription  TEXT    NOT NULL,
    id            BIGINT  NOT NULL, -- of the event
    tenant_id     TEXT,
    event         TEXT    NOT NULL,
    fields        TEXT    NOT NULL,
    tries         INTEGER NOT NULL,
    error         TEXT    NOT NULL,
    created_us    BIGINT  NOT NULL,
    dead_us       BIGINT  NOT NULL,
    PRIMARY KEY (subscription, id)
);
CREATE INDEX idx_core_outbox_dead_us ON core_outbox_dead (dead_us);
