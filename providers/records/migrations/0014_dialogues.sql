-- What a vision model saw in a customer's picture, for the minute in which the same picture is likely to come again.
CREATE TABLE sightings (
    key     text PRIMARY KEY,
    reply   jsonb       NOT NULL,
    seen_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX idx_sightings_seen_at ON sightings (seen_at);

-- What was said so long ago that a model is told of it in a few sentences only.
CREATE TABLE dialogue_summaries (
    conversation_id text PRIMARY KEY,
    until_id        bigint      NOT NULL, -- the last row of message_logs in it
    summary         text        NOT NULL,
    written_at      timestamptz NOT NULL DEFAULT now()
);
