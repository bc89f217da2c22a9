-- Whose jobs are on a machine with several users.

ALTER TABLE jobs ADD COLUMN user TEXT NOT NULL DEFAULT '';  -- who sent it, where that is not the gateway's own user
