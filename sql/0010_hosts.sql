-- Several hosts, each with a signer and a journal of its own: a plan can only be held against the journal of
-- the host that made it.

ALTER TABLE slice ADD COLUMN plan_host TEXT;	-- who made the plan; NULL: before hosts were told apart

-- Plans of slices that went to another host: what their own host's signer signed of them is settled when it
-- is back, and the batch does not wait for that.
CREATE TABLE plan_left (
	host		TEXT NOT NULL,
	batch_id	BIGINT NOT NULL,
	slice_no	BIGINT NOT NULL,
	version		BIGINT NOT NULL,	-- of the slice when it went
	first_index	BIGINT NOT NULL,
	size		BIGINT NOT NULL,
	organization_id	BIGINT NOT NULL,
	plan		BLOB NOT NULL,
	created_at	BIGINT NOT NULL,
	PRIMARY KEY (host, batch_id, slice_no, version)
) /* clustered */;
