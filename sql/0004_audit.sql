-- Evidence: one row in the transaction of the change it records.  Soon after, a sealer gives rows
-- their place in a hash chain (seq, hash) whose head the signer signs from time to time.

CREATE TABLE audit (
	id		TEXT NOT NULL PRIMARY KEY,
	at		BIGINT NOT NULL,
	actor		TEXT NOT NULL,		-- "skenny #286", "system", "operator@host"
	organization_id	BIGINT NOT NULL,	-- 0: the instance
	action		TEXT NOT NULL,		-- "batch.accepted"
	object		TEXT NOT NULL,		-- "batch 322189"
	detail		TEXT NOT NULL,		-- JSON
	address		TEXT NOT NULL,
	request_id	TEXT NOT NULL,
	seq		BIGINT,
	hash		BLOB
) /* clustered */;
CREATE UNIQUE INDEX audit_seq ON audit (seq) WHERE seq IS NOT NULL;
CREATE INDEX audit_unsealed ON audit (at, id) WHERE seq IS NULL;
CREATE INDEX audit_at ON audit (at, id);
CREATE INDEX audit_organization ON audit (organization_id, at, id);

CREATE TABLE audit_head (
	seq		BIGINT NOT NULL PRIMARY KEY,
	hash		BLOB NOT NULL,
	at		BIGINT NOT NULL,
	signature	BLOB NOT NULL
) /* clustered */;
