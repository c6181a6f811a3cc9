-- Which worker hosts are alive, and what is left to settle with the signer's journal.

CREATE TABLE worker_beat (
	host	TEXT PRIMARY KEY,
	at	BIGINT NOT NULL
) /* clustered */;

-- Slices of rejected batches whose planned serials may have been signed.
CREATE INDEX slice_unsettled ON slice (batch_id, slice_no) WHERE state = 'void' AND plan IS NOT NULL;
