-- A customer whom a platform names in several ways (a phone, a business-scoped id) has one conversation.

CREATE TABLE aliases (
    platform   text        NOT NULL,
    account    text        NOT NULL,
    name       text        NOT NULL,
    contact    text        NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (platform, account, name)
);
