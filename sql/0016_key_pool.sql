-- RSA key pairs made in advance, while workers are idle.  Each stands here until an order takes it: the row is
-- deleted in the transaction that takes it, so that it is used once, or never.

-- What the private keys of one worker host are encrypted under: a key of AES-256, sealed to that host.
CREATE TABLE pool_seal (
	worker_key_id	TEXT NOT NULL PRIMARY KEY,
	host		TEXT NOT NULL,
	sealed		BLOB NOT NULL,
	created_at	BIGINT NOT NULL
) /* clustered */;
CREATE INDEX pool_seal_host ON pool_seal (host);

CREATE TABLE pool_key (
	spki_sha256	BLOB NOT NULL PRIMARY KEY,	-- no key twice
	host		TEXT NOT NULL,
	kind		TEXT NOT NULL,			-- "RSA 2048"
	worker_key_id	TEXT NOT NULL,			-- the seal
	spki		BLOB NOT NULL,
	sealed		BLOB NOT NULL,			-- nonce, PKCS#8 under AES-256-GCM, tag
	created_at	BIGINT NOT NULL
);
CREATE INDEX pool_key_host ON pool_key (host, kind, created_at);
CREATE INDEX pool_key_seal ON pool_key (worker_key_id);

-- How often keys were taken on a host; the host remembers it too, and knows by that a store that was set back.
CREATE TABLE pool_host (
	host	TEXT NOT NULL PRIMARY KEY,
	mark	BIGINT NOT NULL
) /* clustered */;
