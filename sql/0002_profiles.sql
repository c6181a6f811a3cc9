-- What may be ordered: ecosystems, CAs, profiles and their versions, grants, and the quota ledger.

CREATE TABLE ecosystem (
	id		TEXT NOT NULL PRIMARY KEY,	-- "docsis-3.1"
	name		TEXT NOT NULL UNIQUE,		-- as people read it: "D3.1"
	position	BIGINT NOT NULL
) /* clustered */;

CREATE TABLE ca (
	id		BIGINT PRIMARY KEY,
	ski		TEXT NOT NULL UNIQUE,		-- lower-case hex, 40 digits: {ca} in public paths
	name		TEXT NOT NULL UNIQUE,		-- id in its hierarchy document: what profiles name
	label		TEXT NOT NULL,			-- as the portal shows it
	subject		TEXT NOT NULL,
	serial_number	TEXT NOT NULL,
	der		BLOB NOT NULL,
	parent_id	BIGINT,				-- NULL: self-signed
	purpose		TEXT NOT NULL CHECK (purpose IN ('root', 'intermediate', 'issuing', 'internal')),
	not_before	BIGINT NOT NULL,
	not_after	BIGINT NOT NULL,
	created_at	BIGINT NOT NULL,
	shards		BIGINT NOT NULL DEFAULT 1	-- CRL shards; fixed once certificates point at them
);

CREATE TABLE profile (
	id		BIGINT PRIMARY KEY,
	name		TEXT NOT NULL UNIQUE,
	ecosystem_id	TEXT NOT NULL,
	ca_id		BIGINT NOT NULL,
	version		BIGINT NOT NULL,		-- the active one
	status		TEXT NOT NULL CHECK (status IN ('active', 'retired')),
	created_at	BIGINT NOT NULL
);
CREATE INDEX profile_ecosystem ON profile (ecosystem_id, id);

-- Orders keep the version they were made with.
CREATE TABLE profile_version (
	profile_id	BIGINT NOT NULL,
	version		BIGINT NOT NULL,
	document	TEXT NOT NULL,			-- JSON, profiles/profile.schema.json
	created_at	BIGINT NOT NULL,
	created_by	TEXT NOT NULL,
	activated_at	BIGINT,				-- NULL: prepared; an operator's key activates
	PRIMARY KEY (profile_id, version)
) /* clustered */;

-- Which profiles an organization may order, and how many are left.
--	available = allocated - ordered;  issued counts certificates of batches that stand
CREATE TABLE quota (
	organization_id	BIGINT NOT NULL,
	profile_id	BIGINT NOT NULL,
	allocated	BIGINT NOT NULL DEFAULT 0,
	ordered		BIGINT NOT NULL DEFAULT 0 CHECK (ordered >= 0),
	issued		BIGINT NOT NULL DEFAULT 0 CHECK (issued >= 0),
	granted_at	BIGINT NOT NULL,
	revoked_at	BIGINT,				-- grant withdrawn: the numbers stay
	PRIMARY KEY (organization_id, profile_id),
	CHECK (ordered <= allocated)
) /* clustered */;

-- Profiles narrowed for one user; a user without rows has all of the organization's.
CREATE TABLE user_profile (
	user_id		BIGINT NOT NULL,
	organization_id	BIGINT NOT NULL,
	profile_id	BIGINT NOT NULL,
	PRIMARY KEY (user_id, organization_id, profile_id)
) /* clustered */;

-- The ledger: quota is the sum of these, always.
CREATE TABLE quota_entry (
	id		BIGINT PRIMARY KEY,
	organization_id	BIGINT NOT NULL,
	profile_id	BIGINT NOT NULL,
	kind		TEXT NOT NULL CHECK (kind IN ('top_up', 'order', 'issued', 'credit_reject', 'credit_failed', 'return_issued')),
	allocated	BIGINT NOT NULL,
	ordered		BIGINT NOT NULL,
	issued		BIGINT NOT NULL,
	batch_id	BIGINT,
	reason		TEXT NOT NULL,
	actor		TEXT NOT NULL,
	at		BIGINT NOT NULL
);
CREATE INDEX quota_entry_account ON quota_entry (organization_id, profile_id, id);
CREATE INDEX quota_entry_batch ON quota_entry (batch_id) WHERE batch_id IS NOT NULL;
