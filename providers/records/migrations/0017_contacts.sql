-- Customers and the keys of their own: what is locked with a key cannot be read once the key is destroyed.

CREATE TABLE contacts (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, -- stands in every payload locked with `key`
    platform   text        NOT NULL,
    account    text        NOT NULL,
    contact    text        NOT NULL, -- as everywhere else: the platform's, or the pseudonym that stands for it
    key        bytea,                -- locked with EVERTURN_SECRETS_KEY; NULL: destroyed
    sealed     bytea,                -- whom a pseudonym stands for, locked with `key`
    created_at timestamptz NOT NULL DEFAULT now(),
    erased_at  timestamptz,
    UNIQUE (platform, account, contact),
    CHECK ((key IS NULL) = (erased_at IS NOT NULL)),
    CHECK (key IS NOT NULL OR sealed IS NULL)
);

-- The house's own: for workflows that are nobody's conversation, and to make pseudonyms with.
CREATE TABLE house_keys (
    name       text PRIMARY KEY,
    key        bytea       NOT NULL, -- locked with EVERTURN_SECRETS_KEY
    created_at timestamptz NOT NULL DEFAULT now()
);

-- Every running process forgets a key that was destroyed.
CREATE FUNCTION tell_key_destroyed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('keys_destroyed', OLD.id::text);
    RETURN NULL;
END $$;
CREATE TRIGGER contacts_key_destroyed AFTER UPDATE OF key ON contacts
    FOR EACH ROW WHEN (OLD.key IS NOT NULL AND NEW.key IS NULL) EXECUTE FUNCTION tell_key_destroyed();
