-- Whom nobody has heard of for the account's own time, and of whom nothing else is left, is forgotten.

ALTER TABLE contacts ADD COLUMN heard_at timestamptz NOT NULL DEFAULT now(); -- within the hour; see contact_keys.py
CREATE INDEX idx_contacts_age ON contacts (platform, account, heard_at) WHERE key IS NOT NULL;
