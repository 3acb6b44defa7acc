-- Tokens that let users who forgot their password choose a new one.
CREATE TABLE password_resets (
    hash       TEXT PRIMARY KEY,
    user_id    TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    expires_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE INDEX password_resets_by_user ON password_resets (user_id);

CREATE INDEX password_resets_by_expiry ON password_resets (expires_at)
