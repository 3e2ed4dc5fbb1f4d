-- Accounts with a rate of their own: each part takes the next free moment, and passes when it has come.

CREATE TABLE turnstiles (
    platform text        NOT NULL,
    account  text        NOT NULL,
    next_at  timestamptz NOT NULL,
    PRIMARY KEY (platform, account)
);
CREATE TABLE turnstile_slots (
    key text        PRIMARY KEY,
    at  timestamptz NOT NULL
);
