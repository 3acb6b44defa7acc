-- Runs of programs, and who may run programs in a session. Triggers count the bytes of runs, as of all other rows.
ALTER TABLE sessions ADD COLUMN runs TEXT NOT NULL DEFAULT 'editors';

CREATE TABLE runs (
    session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    number     INTEGER NOT NULL,
    id         TEXT NOT NULL,
    user_id    TEXT NOT NULL,
    user_name  TEXT NOT NULL,
    sequence   INTEGER NOT NULL,
    outcome    TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    checksum   INTEGER NOT NULL,
    content    BLOB NOT NULL,
    PRIMARY KEY (session_id, number)
);

CREATE UNIQUE INDEX runs_by_id ON runs (session_id, id);

CREATE INDEX runs_by_user ON runs (user_id);

CREATE TRIGGER usage_run_added AFTER INSERT ON runs BEGIN
    UPDATE usage SET bytes = bytes + length(NEW.content) WHERE session_id = NEW.session_id;
END;

CREATE TRIGGER usage_run_changed AFTER UPDATE OF content ON runs BEGIN
    UPDATE usage SET bytes = bytes + length(NEW.content) - length(OLD.content) WHERE session_id = NEW.session_id;
END;

CREATE TRIGGER usage_run_dropped AFTER DELETE ON runs BEGIN
    UPDATE usage SET bytes = bytes - length(OLD.content) WHERE session_id = OLD.session_id;
END
