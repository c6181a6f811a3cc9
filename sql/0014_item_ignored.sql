-- What a request asked for and did not get was told before the order and forgotten: whoever looks at the batch later
-- is told too.
ALTER TABLE item ADD COLUMN ignored TEXT;	-- "requested extension keyUsage, ..."; NULL: nothing was
