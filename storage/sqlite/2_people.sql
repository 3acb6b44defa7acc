-- Version 2: avatars, guests, invites and tickets. For logins, the time of the last use.
-- For members, the last chat message that they have read.

ALTER TABLE users ADD COLUMN avatar_key TEXT;

ALTER TABLE users ADD COLUMN guest_of TEXT;

ALTER TABLE users ADD COLUMN is_deleted INTEGER NOT NULL DEFAULT 0;

ALTER TABLE users ADD COLUMN active_at INTEGER NOT NULL DEFAULT 0;

CREATE INDEX guests_by_activity ON users (active_at) WHERE is_guest AND NOT is_deleted;

ALTER TABLE refresh_tokens ADD COLUMN used_at INTEGER NOT NULL DEFAULT 0;

UPDATE refresh_tokens SET used_at = rotated_at;

ALTER TABLE members ADD COLUMN read_sequence INTEGER NOT NULL DEFAULT 0;

UPDATE members SET read_sequence =
    (SELECT coalesce(max(sequence), 0) FROM messages WHERE messages.session_id = members.session_id);

CREATE INDEX sessions_by_owner ON sessions (owner_id);

CREATE INDEX messages_by_sender ON messages (sender_id);

CREATE INDEX versions_by_author ON versions (author_id);

CREATE TABLE avatars (
    user_id    TEXT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    data       BLOB NOT NULL,
    created_at INTEGER NOT NULL
);

CREATE TABLE invites (
    id          TEXT PRIMARY KEY,
    session_id  TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    secret_hash TEXT NOT NULL UNIQUE,
    role        TEXT NOT NULL,
    created_by  TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    max_uses    INTEGER,
    uses        INTEGER NOT NULL,
    is_revoked  INTEGER NOT NULL
) WITHOUT ROWID;

CREATE INDEX invites_by_session ON invites (session_id, id);

CREATE INDEX invites_by_expiry ON invites (expires_at);

CREATE TABLE invite_uses (
    invite_id TEXT NOT NULL REFERENCES invites (id) ON DELETE CASCADE,
    user_id   TEXT NOT NULL,
    used_at   INTEGER NOT NULL,
    PRIMARY KEY (invite_id, user_id)
) WITHOUT ROWID;

CREATE TABLE tickets (
    hash       TEXT PRIMARY KEY,
    user_id    TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    login_id   TEXT NOT NULL,
    session_id TEXT NOT NULL,
    expires_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE INDEX tickets_by_expiry ON tickets (expires_at);

CREATE INDEX tickets_by_user ON tickets (user_id)
