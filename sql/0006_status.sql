-- What relying parties are told: every change of a certificate's status has a number, so that OCSP
-- responders find what changed since they looked, and delta lists what changed since their base.

INSERT INTO counter (name, value) VALUES ('status', 1);

ALTER TABLE certificate ADD COLUMN status_seq BIGINT;
UPDATE certificate SET status_seq = 1 WHERE state <> 0;
CREATE INDEX certificate_changed ON certificate (status_seq) WHERE status_seq IS NOT NULL;

-- A revocation list is read from the index alone, in the order in which it is written.
DROP INDEX certificate_revoked;
CREATE INDEX certificate_revoked ON certificate (ca_id, serial, not_after, revoked_at, reason, invalidity_at, shard, state)
	WHERE state <> 0;

-- The last lists of each scope: shard -1 is the whole list.  The file stands in the publisher's folder;
-- where several hosts share the store, also in crl_piece.
CREATE TABLE crl (
	ca_id		BIGINT NOT NULL,
	shard		BIGINT NOT NULL,
	kind		TEXT NOT NULL CHECK (kind IN ('full', 'delta')),
	number		BIGINT NOT NULL,
	base_number	BIGINT,			-- of a delta
	seq		BIGINT NOT NULL,	-- changes up to this one are in it
	this_update	BIGINT NOT NULL,
	next_update	BIGINT NOT NULL,
	entries		BIGINT NOT NULL,
	octets		BIGINT NOT NULL,
	sha256		BLOB NOT NULL,
	PRIMARY KEY (ca_id, shard, kind)
) /* clustered */;

CREATE TABLE crl_piece (
	ca_id		BIGINT NOT NULL,
	shard		BIGINT NOT NULL,
	kind		TEXT NOT NULL,
	number		BIGINT NOT NULL,
	piece		BIGINT NOT NULL,
	octets		BLOB NOT NULL,
	PRIMARY KEY (ca_id, shard, kind, number, piece)
) /* clustered */;

-- Numbers are taken here before anything is signed, and one publisher at a time holds the lease.
CREATE TABLE crl_scope (
	ca_id		BIGINT NOT NULL,
	shard		BIGINT NOT NULL,
	number		BIGINT NOT NULL,
	lease_owner	TEXT,
	lease_until_s	BIGINT NOT NULL DEFAULT 0,
	alarmed_at	BIGINT,			-- when people were told that the list is overdue
	PRIMARY KEY (ca_id, shard)
) /* clustered */;
