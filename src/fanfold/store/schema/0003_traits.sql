-- What printers were found to be: their makes, models and languages, as far as somebody told.

ALTER TABLE printers ADD COLUMN traits TEXT NOT NULL DEFAULT '{}';  -- JSON object
