-- The last lines of a session's newest version, which lists of sessions show.
ALTER TABLE sessions ADD COLUMN excerpt TEXT NOT NULL DEFAULT '';
