-- The spine: what customers said, what we owe them, what they ordered, and how each dialog ended.

CREATE TABLE orders (
    id                  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    client_phone        text        NOT NULL,
    delivery_address    text        NOT NULL,
    bottles_count       integer,
    items               jsonb       NOT NULL DEFAULT '[]',
    total               numeric(14, 2),
    currency            text        NOT NULL DEFAULT '',
    source              text        NOT NULL,
    chat2desk_client_id text,
    conversation_id     text        NOT NULL,
    order_key           text        NOT NULL UNIQUE,
    status              text        NOT NULL DEFAULT 'new',
    created_at          timestamptz NOT NULL DEFAULT now(),
    updated_at          timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX idx_orders_created_at ON orders (created_at);
CREATE INDEX idx_orders_status ON orders (status);
CREATE INDEX idx_orders_chat2desk_client_id ON orders (chat2desk_client_id);
CREATE INDEX idx_orders_conversation_id ON orders (conversation_id);

CREATE TABLE message_logs (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    conversation_id text        NOT NULL,
    client_id       text        NOT NULL,
    message_id      text        NOT NULL,
    direction       text        NOT NULL CHECK (direction IN ('in', 'out')),
    kind            text        NOT NULL DEFAULT 'text',
    text            text        NOT NULL DEFAULT '',
    media           jsonb       NOT NULL DEFAULT '[]',
    dialog_state    text        NOT NULL DEFAULT '',
    turn            integer     NOT NULL DEFAULT 0,
    success         boolean     NOT NULL DEFAULT true,
    error_reason    text        NOT NULL DEFAULT '',
    "timestamp"     timestamptz NOT NULL DEFAULT now(),
    UNIQUE (conversation_id, direction, message_id)
);
CREATE INDEX idx_message_logs_conversation ON message_logs (conversation_id, id);
CREATE INDEX idx_message_logs_client_id ON message_logs (client_id);

CREATE TABLE dialog_outcomes (
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    dialog_key       text        NOT NULL UNIQUE,
    conversation_id  text        NOT NULL,
    flow             text        NOT NULL,
    outcome          text        NOT NULL,
    completed        boolean     NOT NULL,
    dropoff_state    text        NOT NULL DEFAULT '',
    total_messages   integer     NOT NULL DEFAULT 0,
    duration_seconds double precision NOT NULL DEFAULT 0,
    order_id         bigint,
    created_at       timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX idx_dialog_outcomes_created_at ON dialog_outcomes (created_at);

-- One row a part, from before its first send until long after: what makes a retry the same message.
CREATE TABLE outbox (
    key             text PRIMARY KEY,
    conversation_id text        NOT NULL,
    platform        text        NOT NULL,
    account         text        NOT NULL,
    contact         text        NOT NULL,
    route           text        NOT NULL DEFAULT '',
    part            jsonb       NOT NULL,
    turn            integer     NOT NULL DEFAULT 0,
    state           text        NOT NULL CHECK (state IN ('pending', 'sending', 'sent', 'unknown', 'dead', 'dropped')),
    attempts        integer     NOT NULL DEFAULT 0,
    attempt_by      text        NOT NULL DEFAULT '',
    attempt_at      timestamptz,
    next_attempt_at timestamptz,
    message_id      text        NOT NULL DEFAULT '',
    last_error      text        NOT NULL DEFAULT '',
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX idx_outbox_waiting ON outbox (platform, account) WHERE state IN ('pending', 'sending');
CREATE INDEX idx_outbox_conversation ON outbox (conversation_id);

CREATE TABLE dead_letters (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    outbox_key      text        NOT NULL UNIQUE REFERENCES outbox (key) ON DELETE CASCADE,
    conversation_id text        NOT NULL,
    platform        text        NOT NULL,
    account         text        NOT NULL,
    reason          text        NOT NULL,
    outcome_unknown boolean     NOT NULL DEFAULT false,
    created_at      timestamptz NOT NULL DEFAULT now()
);

-- An account whose credential the platform refused: its sends wait here until the credential is mended.
CREATE TABLE paused_accounts (
    platform     text        NOT NULL,
    account      text        NOT NULL,
    token_digest text        NOT NULL,
    reason       text        NOT NULL,
    paused_at    timestamptz NOT NULL DEFAULT now(),
    probe_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (platform, account)
);

-- Messages accepted while Temporal was away, handed over in order when it is back.
CREATE TABLE inbox (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    conversation_id text        NOT NULL,
    message_id      text        NOT NULL,
    message         jsonb       NOT NULL,
    accepted_at     timestamptz NOT NULL DEFAULT now(),
    UNIQUE (conversation_id, message_id)
);
