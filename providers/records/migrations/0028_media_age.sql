-- What is left of a picture, once its bytes and its words are gone, is let go of by account and age.

CREATE INDEX idx_media_age ON media (platform, account, created_at);
