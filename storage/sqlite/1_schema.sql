-- Version 1. Times are milliseconds since 1970. Statements are run in order, each once.

CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE users (
    id            TEXT PRIMARY KEY,
    username      TEXT NOT NULL,
    username_key  TEXT NOT NULL UNIQUE,
    email         TEXT,
    email_key     TEXT UNIQUE,
    password_hash TEXT,
    full_name     TEXT NOT NULL,
    avatar        TEXT,
    is_guest      INTEGER NOT NULL,
    created_at    INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE refresh_tokens (
    id            TEXT PRIMARY KEY,
    user_id       TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    token_hash    TEXT NOT NULL,
    previous_hash TEXT,
    generation    INTEGER NOT NULL,
    created_at    INTEGER NOT NULL,
    rotated_at    INTEGER NOT NULL,
    expires_at    INTEGER NOT NULL,
    ends_at       INTEGER NOT NULL,
    device        TEXT NOT NULL
) WITHOUT ROWID;

CREATE INDEX refresh_tokens_by_user ON refresh_tokens (user_id);

CREATE INDEX refresh_tokens_by_expiry ON refresh_tokens (expires_at);

CREATE TABLE sessions (
    id         TEXT PRIMARY KEY,
    title      TEXT NOT NULL,
    language   TEXT NOT NULL,
    owner_id   TEXT NOT NULL,
    access     TEXT NOT NULL,
    join_role  TEXT NOT NULL,
    status     TEXT NOT NULL,
    main_root  TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE members (
    session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    user_id    TEXT NOT NULL,
    role       TEXT NOT NULL,
    joined_at  INTEGER NOT NULL,
    is_removed INTEGER NOT NULL,
    PRIMARY KEY (session_id, user_id)
) WITHOUT ROWID;

CREATE INDEX members_by_user ON members (user_id);

CREATE TABLE messages (
    session_id  TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    sequence    INTEGER NOT NULL,
    id          TEXT NOT NULL,
    sender_id   TEXT NOT NULL,
    sender_name TEXT NOT NULL,
    text        TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    PRIMARY KEY (session_id, sequence)
) WITHOUT ROWID;

CREATE UNIQUE INDEX messages_by_id ON messages (session_id, id);

CREATE TABLE versions (
    session_id   TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    number       INTEGER NOT NULL,
    sequence     INTEGER NOT NULL,
    main_root    TEXT NOT NULL,
    label        TEXT NOT NULL,
    kind         TEXT NOT NULL,
    author_id    TEXT NOT NULL,
    author_name  TEXT NOT NULL,
    contributors TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    files        TEXT NOT NULL,
    PRIMARY KEY (session_id, number)
);

CREATE TABLE log (
    session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    first      INTEGER NOT NULL,
    last       INTEGER NOT NULL,
    data       BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (session_id, first)
) WITHOUT ROWID;

CREATE TABLE checkpoints (
    session_id TEXT PRIMARY KEY REFERENCES sessions (id) ON DELETE CASCADE,
    sequence   INTEGER NOT NULL,
    state      BLOB NOT NULL,
    owners     BLOB NOT NULL,
    created_at INTEGER NOT NULL
);
