-- What the language model took, turn by turn, and which workers cannot reach it.

CREATE TABLE decisions (
    key             text        PRIMARY KEY,
    conversation_id text        NOT NULL,
    turn            integer     NOT NULL,
    dialog          text        NOT NULL DEFAULT '',
    flow            text        NOT NULL DEFAULT '',
    prompt_hash     text        NOT NULL DEFAULT '',
    model           text        NOT NULL DEFAULT '',
    input_tokens    bigint      NOT NULL DEFAULT 0,
    output_tokens   bigint      NOT NULL DEFAULT 0,
    cached_tokens   bigint      NOT NULL DEFAULT 0,
    cost            bigint      NOT NULL DEFAULT 0,
    tool_rounds     integer     NOT NULL DEFAULT 0,
    degraded        text        NOT NULL DEFAULT '',
    ms              integer     NOT NULL DEFAULT 0,
    at              timestamptz NOT NULL
);
COMMENT ON COLUMN decisions.cost IS 'millionths of a dollar';
CREATE INDEX idx_decisions_conversation ON decisions (conversation_id, turn);

CREATE TABLE model_state (
    worker  text        NOT NULL,
    eyes    text        NOT NULL,
    since   timestamptz NOT NULL,
    reason  text        NOT NULL,
    seen_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (worker, eyes)
);
