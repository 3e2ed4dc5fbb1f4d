-- A clock that jumped ahead and back must not leave an account waiting for a moment hours away: when a moment was given
-- out is kept, and one that was given out in the future counts for nothing.

ALTER TABLE turnstiles ADD COLUMN moved_at timestamptz NOT NULL DEFAULT 'epoch';
ALTER TABLE turnstile_slots ADD COLUMN given_at timestamptz NOT NULL DEFAULT 'epoch';
