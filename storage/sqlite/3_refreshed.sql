-- Refresh tokens before the previous one that were used a moment ago: `hash:ms hash:ms`, newest first.
ALTER TABLE refresh_tokens ADD COLUMN earlier_hashes TEXT NOT NULL DEFAULT ''
