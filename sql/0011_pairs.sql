-- Batches that one order made together: a list of devices to several profiles, all or nothing.
CREATE TABLE batch_pair (
	first_id	BIGINT NOT NULL,	-- the first of them, which stands here too
	batch_id	BIGINT NOT NULL,
	PRIMARY KEY (first_id, batch_id)
) /* clustered */;
