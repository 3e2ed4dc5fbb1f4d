-- Parts whose outcome nobody knows are looked for by every receipt and echo that may tell it.

CREATE INDEX idx_outbox_unknown ON outbox (platform, account) WHERE state = 'unknown';
