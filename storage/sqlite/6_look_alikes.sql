-- The skeleton of a name: names that look alike share it (`storage.names`).
-- It is NULL for guests and deleted users.
ALTER TABLE users ADD COLUMN username_skeleton TEXT;

UPDATE users SET username_skeleton = name_skeleton(username) WHERE NOT is_guest AND NOT is_deleted;

CREATE INDEX users_by_skeleton ON users (username_skeleton) WHERE username_skeleton IS NOT NULL
