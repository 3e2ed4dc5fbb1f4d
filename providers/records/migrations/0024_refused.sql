-- What could be handed over to no conversation, however often it was tried, waits for a person.

ALTER TABLE inbox ADD COLUMN refused_at timestamptz;
CREATE INDEX idx_inbox_refused ON inbox (id) WHERE refused_at IS NOT NULL;
