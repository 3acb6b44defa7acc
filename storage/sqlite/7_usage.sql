-- Bytes that each session takes: its log, checkpoint, versions and chat. Triggers keep the count, so it is exact.
CREATE TABLE usage (
    session_id TEXT PRIMARY KEY REFERENCES sessions (id) ON DELETE CASCADE,
    bytes      INTEGER NOT NULL
) WITHOUT ROWID;

INSERT INTO usage SELECT id, session_bytes(id) FROM sessions;

CREATE TRIGGER usage_of_session AFTER INSERT ON sessions BEGIN
    INSERT INTO usage VALUES (NEW.id, 0) ON CONFLICT DO NOTHING;
END;

CREATE TRIGGER usage_log_added AFTER INSERT ON log BEGIN
    UPDATE usage SET bytes = bytes + length(NEW.data) WHERE session_id = NEW.session_id;
END;

CREATE TRIGGER usage_log_changed AFTER UPDATE OF data ON log BEGIN
    UPDATE usage SET bytes = bytes + length(NEW.data) - length(OLD.data) WHERE session_id = NEW.session_id;
END;

CREATE TRIGGER usage_log_dropped AFTER DELETE ON log BEGIN
    UPDATE usage SET bytes = bytes - length(OLD.data) WHERE session_id = OLD.session_id;
END;

CREATE TRIGGER usage_checkpoint_added AFTER INSERT ON checkpoints BEGIN
    UPDATE usage SET bytes = bytes + length(NEW.state) WHERE session_id = NEW.session_id;
END;

CREATE TRIGGER usage_checkpoint_changed AFTER UPDATE OF state ON checkpoints BEGIN
    UPDATE usage SET bytes = bytes + length(NEW.state) - length(OLD.state) WHERE session_id = NEW.session_id;
END;

CREATE TRIGGER usage_version_added AFTER INSERT ON versions BEGIN
    UPDATE usage SET bytes = bytes + coalesce(length(NEW.content), length(CAST(NEW.files AS BLOB)))
        WHERE session_id = NEW.session_id;
END;

CREATE TRIGGER usage_version_changed AFTER UPDATE OF content ON versions BEGIN
    UPDATE usage SET bytes = bytes + coalesce(length(NEW.content), length(CAST(NEW.files AS BLOB)))
        - coalesce(length(OLD.content), length(CAST(OLD.files AS BLOB))) WHERE session_id = NEW.session_id;
END;

CREATE TRIGGER usage_version_dropped AFTER DELETE ON versions BEGIN
    UPDATE usage SET bytes = bytes - coalesce(length(OLD.content), length(CAST(OLD.files AS BLOB)))
        WHERE session_id = OLD.session_id;
END;

CREATE TRIGGER usage_message_added AFTER INSERT ON messages BEGIN
    UPDATE usage SET bytes = bytes + length(CAST(NEW.text AS BLOB)) WHERE session_id = NEW.session_id;
END
