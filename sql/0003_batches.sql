-- Orders and what came of them.
--
-- Rows of `item` are written once at staging and never change: an item is issued when a certificate
-- stands for it, failed when item_failure has it, else still to do.  Work is leased by slice.

CREATE TABLE batch (
	id		BIGINT PRIMARY KEY,
	organization_id	BIGINT NOT NULL,
	profile_id	BIGINT NOT NULL,
	profile_version	BIGINT NOT NULL,
	parameters	TEXT NOT NULL,		-- the organization's constants when it was ordered
	parameters_version BIGINT NOT NULL,
	method		TEXT NOT NULL CHECK (method IN ('form', 'single', 'csr', 'csv')),
	name		TEXT NOT NULL,
	name_fold	TEXT NOT NULL,		-- lower case, for filters
	size		BIGINT NOT NULL,
	state		TEXT NOT NULL CHECK (state IN ('pending_approval', 'pending_creation', 'pending_issue',
			    'preparing_download', 'ready_for_download', 'downloaded', 'issued_partly',
			    'failed', 'rejected', 'revoked', 'expired')),
	version		BIGINT NOT NULL,
	packaging	TEXT NOT NULL,		-- JSON: PKCS#12 mode, iterations, salt, formats
	p12_salt	BLOB,			-- one salt a batch, where the profile wants it
	created_at	BIGINT NOT NULL,
	created_by	BIGINT NOT NULL,	-- user id
	created_by_name	TEXT NOT NULL,
	staged_until	BIGINT NOT NULL,	-- an unfinished staging is swept after this
	succeeded	BIGINT NOT NULL DEFAULT 0,
	failed		BIGINT NOT NULL DEFAULT 0,
	revoked		BIGINT NOT NULL DEFAULT 0,
	slices_left	BIGINT NOT NULL DEFAULT 0,
	sealed		BIGINT NOT NULL DEFAULT 0 CHECK (sealed IN (0, 1)),	-- a password waits for the workers
	charged		BIGINT NOT NULL DEFAULT 0,	-- of the quota; less what was credited
	ready_at	BIGINT,
	downloaded_at	BIGINT,
	expires_at	BIGINT,			-- results are purged then; certificates stay
	purged_at	BIGINT,
	revoked_at	BIGINT,			-- the whole of it, rejected or revoked
	revoke_reason	BIGINT,
	changed_at	BIGINT NOT NULL DEFAULT 0,	-- state or progress; what event streams look at
	-- Work that goes on in slices after the state has changed: up to which index it is done.
	rest		TEXT NOT NULL DEFAULT 'none' CHECK (rest IN ('none', 'sweep', 'reject', 'revoke', 'purge')),
	rest_next	BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX batch_organization ON batch (organization_id, id);
CREATE INDEX batch_organization_profile ON batch (organization_id, profile_id, id);
CREATE INDEX batch_organization_state ON batch (organization_id, state, id);
CREATE INDEX batch_organization_size ON batch (organization_id, size, id);
CREATE INDEX batch_organization_name ON batch (organization_id, name_fold, id);
CREATE INDEX batch_active ON batch (state, id) WHERE state IN ('pending_creation', 'pending_issue', 'preparing_download', 'pending_approval');
CREATE INDEX batch_changed ON batch (organization_id, changed_at);
CREATE INDEX batch_staged ON batch (staged_until) WHERE state = 'pending_creation';
CREATE INDEX batch_rest ON batch (id) WHERE rest <> 'none';
CREATE INDEX batch_expiry ON batch (expires_at) WHERE purged_at IS NULL AND expires_at IS NOT NULL;

-- Processing history: one row a change of state.
CREATE TABLE batch_event (
	batch_id	BIGINT NOT NULL,
	seq		BIGINT NOT NULL,
	at		BIGINT NOT NULL,
	status		TEXT NOT NULL,
	user_name	TEXT NOT NULL,		-- "skenny #286" or ""
	message		TEXT NOT NULL,
	PRIMARY KEY (batch_id, seq)
) /* clustered */;

-- The orderer's password, sealed to one worker host key; gone with the last slice.
CREATE TABLE batch_secret (
	batch_id	BIGINT NOT NULL,
	worker_key_id	TEXT NOT NULL,
	sealed		BLOB NOT NULL,
	PRIMARY KEY (batch_id, worker_key_id)
) /* clustered */;
CREATE INDEX batch_secret_key ON batch_secret (worker_key_id);

CREATE TABLE worker_key (
	id		TEXT NOT NULL PRIMARY KEY,
	host		TEXT NOT NULL,
	certificate	BLOB NOT NULL,
	created_at	BIGINT NOT NULL,
	retired_at	BIGINT			-- not sealed to any more
) /* clustered */;

CREATE TABLE slice (
	batch_id	BIGINT NOT NULL,
	slice_no	BIGINT NOT NULL,
	organization_id	BIGINT NOT NULL,
	first_index	BIGINT NOT NULL,
	size		BIGINT NOT NULL,
	state		TEXT NOT NULL CHECK (state IN ('staged', 'queued', 'done', 'void')),
	turn		BIGINT NOT NULL,	-- order of service: small orders and other organizations get theirs
	version		BIGINT NOT NULL,
	lease_owner	TEXT,
	lease_until_s	BIGINT NOT NULL DEFAULT 0,
	attempts	BIGINT NOT NULL DEFAULT 0,
	sealed		BIGINT NOT NULL DEFAULT 0 CHECK (sealed IN (0, 1)),	-- needs the orderer's password
	plan		BLOB,			-- 16 octets a serial, stored before the signer is asked
	certificate_base BIGINT NOT NULL DEFAULT 0,	-- ids reserved for its certificates, in order of index
	succeeded	BIGINT NOT NULL DEFAULT 0,
	failed		BIGINT NOT NULL DEFAULT 0,
	-- What the download needs to know of it beforehand.
	entry_octets	BIGINT NOT NULL DEFAULT 0,	-- local headers and files in the ZIP
	directory_octets BIGINT NOT NULL DEFAULT 0,	-- entries of its central directory, without ZIP64
	manifest_octets	BIGINT NOT NULL DEFAULT 0,
	manifest_crc32	BIGINT NOT NULL DEFAULT 0,
	PRIMARY KEY (batch_id, slice_no)
) /* clustered */;
CREATE INDEX slice_turn ON slice (turn, batch_id, slice_no) WHERE state = 'queued';

CREATE TABLE item (
	batch_id	BIGINT NOT NULL,
	item_index	BIGINT NOT NULL,
	line		BIGINT NOT NULL,	-- physical line of the upload; 0: none
	inputs		TEXT NOT NULL,		-- JSON object of normalized inputs
	spki		BLOB,			-- of a CSR; NULL: the key is made here
	PRIMARY KEY (batch_id, item_index)
) /* clustered */;

CREATE TABLE item_failure (
	batch_id	BIGINT NOT NULL,
	item_index	BIGINT NOT NULL,
	at		BIGINT NOT NULL,
	code		TEXT NOT NULL,
	message		TEXT NOT NULL,
	PRIMARY KEY (batch_id, item_index)
) /* clustered */;

-- The ledger of device names (MAC addresses): one living certificate a profile and organization.
CREATE TABLE device_name (
	organization_id	BIGINT NOT NULL,
	profile_id	BIGINT NOT NULL,
	input		TEXT NOT NULL,		-- "mac_address"
	value		TEXT NOT NULL,		-- normalized
	batch_id	BIGINT NOT NULL,
	item_index	BIGINT NOT NULL,
	PRIMARY KEY (organization_id, profile_id, input, value)
) /* clustered */;
CREATE INDEX device_name_batch ON device_name (batch_id, item_index);

-- Public keys in use anywhere, from CSRs: SHA-256 of the SubjectPublicKeyInfo.
CREATE TABLE key_use (
	spki_sha256	BLOB NOT NULL PRIMARY KEY,
	batch_id	BIGINT NOT NULL,
	item_index	BIGINT NOT NULL
) /* clustered */;
CREATE INDEX key_use_batch ON key_use (batch_id, item_index);

-- Certificates.  state: 0 issued, 1 revoked, 2 rejected (revoked with its batch before delivery),
-- 3 orphan (signed but not stored in time; revoked, belongs to no item), 4 on hold.
CREATE TABLE certificate (
	id		BIGINT PRIMARY KEY,
	serial		BLOB NOT NULL,
	batch_id	BIGINT NOT NULL,
	item_index	BIGINT NOT NULL,
	organization_id	BIGINT NOT NULL,
	profile_id	BIGINT NOT NULL,
	ca_id		BIGINT NOT NULL,
	state		BIGINT NOT NULL,
	created_at	BIGINT NOT NULL,
	not_before	BIGINT NOT NULL,
	not_after	BIGINT NOT NULL,
	subject		TEXT NOT NULL,
	revoked_at	BIGINT,
	reason		BIGINT,			-- RFC 5280 CRLReason
	invalidity_at	BIGINT,
	shard		BIGINT NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX certificate_item ON certificate (batch_id, item_index) WHERE state <> 3;
CREATE INDEX certificate_organization ON certificate (organization_id, id);
CREATE INDEX certificate_organization_state ON certificate (organization_id, state, id) WHERE state <> 0;
CREATE INDEX certificate_expiry ON certificate (organization_id, not_after, id);
CREATE INDEX certificate_revoked ON certificate (ca_id, serial) WHERE state <> 0;

-- Serial numbers, unique in the instance; apart so that certificates can be partitioned by id.
CREATE TABLE certificate_serial (
	serial		BLOB NOT NULL PRIMARY KEY,
	certificate_id	BIGINT NOT NULL
) /* clustered */;

-- DER and delivered file, apart so that lists stay narrow.
CREATE TABLE certificate_der (
	certificate_id	BIGINT PRIMARY KEY,
	der		BLOB NOT NULL
);

-- What a slice brings to the download, in order of index.  Files made from a certificate alone are
-- encoded again from certificate_der.  Not clustered: SQLite would read whole rows, megabytes, to compare keys.
CREATE TABLE slice_file (
	batch_id	BIGINT NOT NULL,
	slice_no	BIGINT NOT NULL,
	directory	BLOB NOT NULL,		-- index, CRC-32, length and name of each file
	manifest	BLOB NOT NULL,		-- its lines of manifest.csv
	body		BLOB,			-- the files as entries of the ZIP; NULL: from the certificates
	PRIMARY KEY (batch_id, slice_no)
);

-- The first answer to an order made with an Idempotency-Key.
CREATE TABLE idempotency (
	organization_id	BIGINT NOT NULL,
	key		TEXT NOT NULL,
	fingerprint	BLOB NOT NULL,		-- HMACs of order and file under an instance key: without the
						-- password, and with it until the password is destroyed
	batch_id	BIGINT NOT NULL,
	created_at	BIGINT NOT NULL,
	PRIMARY KEY (organization_id, key)
) /* clustered */;
CREATE INDEX idempotency_batch ON idempotency (batch_id);
CREATE INDEX idempotency_age ON idempotency (created_at);
