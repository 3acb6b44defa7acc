-- Tests of a session's programs. Triggers count their bytes, as of all other rows.
CREATE TABLE program_tests (
    session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    id         TEXT NOT NULL,
    position   INTEGER NOT NULL,
    is_hidden  INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    content    BLOB NOT NULL,
    PRIMARY KEY (session_id, id)
);

CREATE INDEX program_tests_in_order ON program_tests (session_id, position, id, is_hidden, created_at);

CREATE TRIGGER usage_test_added AFTER INSERT ON program_tests BEGIN
    UPDATE usage SET bytes = bytes + length(NEW.content) WHERE session_id = NEW.session_id;
END;

CREATE TRIGGER usage_test_changed AFTER UPDATE OF content ON program_tests BEGIN
    UPDATE usage SET bytes = bytes + length(NEW.content) - length(OLD.content) WHERE session_id = NEW.session_id;
END;

CREATE TRIGGER usage_test_dropped AFTER DELETE ON program_tests BEGIN
    UPDATE usage SET bytes = bytes - length(OLD.content) WHERE session_id = OLD.session_id;
END
