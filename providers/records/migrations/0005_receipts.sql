-- How far each sent part came, in the platform's own words. A receipt may come before its send has been written down.

CREATE TABLE receipts (
    platform   text        NOT NULL,
    account    text        NOT NULL,
    message_id text        NOT NULL,
    state      text        NOT NULL CHECK (state IN ('sent', 'delivered', 'read', 'failed')),
    rank       smallint    NOT NULL,
    error      text        NOT NULL DEFAULT '',
    at         timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (platform, account, message_id)
);
CREATE INDEX idx_outbox_message_id ON outbox (platform, account, message_id) WHERE message_id <> '';
