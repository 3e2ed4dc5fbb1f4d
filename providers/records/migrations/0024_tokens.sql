-- Tokens that end, and what they were renewed to. What a person sets stays where they set it.

CREATE TABLE renewed_tokens (
    platform   text        NOT NULL,
    account    text        NOT NULL,
    replaces   text        NOT NULL,                  -- digest of the token that a person set
    known      text[]      NOT NULL DEFAULT '{}',     -- digests of what it was renewed to, so far
    token      bytea,                                 -- the latest, encrypted; null: never renewed yet
    expires_at timestamptz,
    since      timestamptz NOT NULL DEFAULT now(),    -- when the token that a person set was first seen
    looked_at  timestamptz NOT NULL DEFAULT now(),
    trouble    text        NOT NULL DEFAULT '',       -- why it could not be renewed the last time
    PRIMARY KEY (platform, account)
);
CREATE TRIGGER tokens_changed AFTER UPDATE OF token OR DELETE ON renewed_tokens
    FOR EACH ROW EXECUTE FUNCTION tell_accounts_changed();
