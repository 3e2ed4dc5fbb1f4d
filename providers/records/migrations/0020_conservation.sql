-- The law of conservation: what a webhook was answered 2xx for is owed a fate, and stands here until it has one.

CREATE TABLE accepted (
    conversation_id text        NOT NULL,
    message_id      text        NOT NULL,
    platform        text        NOT NULL,
    account         text        NOT NULL,
    accepted_at     timestamptz NOT NULL,
    looked_at       timestamptz NOT NULL,             -- when the books were last searched for its fate
    asked_at        timestamptz,                      -- when its conversation was last asked
    is_on_its_way   boolean     NOT NULL DEFAULT false, -- its reply waits in the outbox
    PRIMARY KEY (conversation_id, message_id)
);
CREATE INDEX idx_accepted_looked_at ON accepted (looked_at);
CREATE INDEX idx_accepted_accepted_at ON accepted (accepted_at) WHERE NOT is_on_its_way;

-- When a turn took a message up, by the database's clock: messages of one turn with different times tell that a decision
-- was thrown away in between.
ALTER TABLE message_logs ADD COLUMN logged_at timestamptz NOT NULL DEFAULT now();
