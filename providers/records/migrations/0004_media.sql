-- Media: one row each, looked at once. The bytes lie in the object store under `name`.

CREATE TABLE media (
    id              text PRIMARY KEY,
    conversation_id text             NOT NULL,
    platform        text             NOT NULL,
    account         text             NOT NULL,
    message_id      text             NOT NULL,
    place           integer          NOT NULL,
    kind            text             NOT NULL,
    mime            text             NOT NULL DEFAULT '',
    bytes           bigint           NOT NULL DEFAULT 0,
    width           integer          NOT NULL DEFAULT 0,
    height          integer          NOT NULL DEFAULT 0,
    sha256          text             NOT NULL DEFAULT '',
    name            text             NOT NULL DEFAULT '', -- empty: nothing is kept (any more)
    transcript      text             NOT NULL DEFAULT '',
    seconds         double precision,
    problem         text             NOT NULL DEFAULT '',
    created_at      timestamptz      NOT NULL DEFAULT now(),
    expires_at      timestamptz      NOT NULL,
    UNIQUE (conversation_id, message_id, place)
);
CREATE INDEX idx_media_kept ON media (expires_at) WHERE name <> '' OR transcript <> '';

-- Objects that belong to no row: about to be written and claimed, or about to be deleted. Old ones are swept.
CREATE TABLE media_leftovers (
    name  text PRIMARY KEY,
    since timestamptz NOT NULL DEFAULT now()
);

-- Messages that were unsent: whatever of them is still on its way here is not kept.
CREATE TABLE media_forgotten (
    conversation_id text        NOT NULL,
    message_id      text        NOT NULL,
    since           timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (conversation_id, message_id)
);
