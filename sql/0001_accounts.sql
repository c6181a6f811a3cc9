-- Who may do what: organizations, users, their memberships, and the ways they log in.
-- Ids that people read are integers handed out from `counter` in the transaction that uses them.

CREATE TABLE counter (
	name		TEXT NOT NULL PRIMARY KEY,
	value		BIGINT NOT NULL
) /* clustered */;

INSERT INTO counter (name, value) VALUES ('organization', 0), ('user', 100), ('batch', 100000),
	('certificate', 0), ('quota_entry', 0), ('ca', 0), ('profile', 1000), ('audit', 0);

-- What the instance itself remembers: keys of HMACs, the origin it was made for, and the like.
CREATE TABLE setting (
	name		TEXT NOT NULL PRIMARY KEY,
	value		TEXT NOT NULL,
	changed_at	BIGINT NOT NULL
) /* clustered */;

CREATE TABLE organization (
	id		BIGINT PRIMARY KEY,
	name		TEXT NOT NULL UNIQUE,
	status		TEXT NOT NULL CHECK (status IN ('active', 'suspended')),
	parameters	TEXT NOT NULL,		-- JSON object: constants that feed subjects
	parameters_version BIGINT NOT NULL,	-- the signer's copy is activated by version
	mac_prefixes	TEXT NOT NULL,		-- JSON array of "00:1A:2B" (24, 28 or 36 bits)
	approval_above	BIGINT,			-- four eyes for orders larger than this; NULL: never
	passkeys	BIGINT NOT NULL DEFAULT 0 CHECK (passkeys IN (0, 1)),
	created_at	BIGINT NOT NULL,
	version		BIGINT NOT NULL
);

CREATE TABLE app_user (
	id		BIGINT PRIMARY KEY,
	username	TEXT NOT NULL UNIQUE,	-- lower case; never changes
	full_name	TEXT NOT NULL,
	email		TEXT NOT NULL,
	status		TEXT NOT NULL CHECK (status IN ('active', 'disabled')),
	password_hash	TEXT,			-- argon2id, encoded; NULL: none set yet
	service		BIGINT NOT NULL CHECK (service IN (0, 1)),	-- a program, not a person
	created_at	BIGINT NOT NULL,
	last_login_at	BIGINT,
	last_login_address TEXT,
	version		BIGINT NOT NULL
);

-- organization_id 0: the instance itself (operators, auditors).
CREATE TABLE membership (
	user_id		BIGINT NOT NULL,
	organization_id	BIGINT NOT NULL,
	role		TEXT NOT NULL CHECK (role IN ('viewer', 'orderer', 'revoker',
			    'organization_admin', 'operator', 'auditor')),
	created_at	BIGINT NOT NULL,
	PRIMARY KEY (user_id, organization_id)
) /* clustered */;
CREATE INDEX membership_organization ON membership (organization_id, user_id);

-- Admin certificates, matched by the hash of the whole DER.
CREATE TABLE user_certificate (
	sha256		BLOB NOT NULL PRIMARY KEY,
	user_id		BIGINT NOT NULL,
	serial_number	TEXT NOT NULL,
	der		BLOB NOT NULL,
	not_after	BIGINT NOT NULL,
	created_at	BIGINT NOT NULL,
	revoked_at	BIGINT,
	warned_at	BIGINT			-- when the mail about its expiry went out
) /* clustered */;
CREATE INDEX user_certificate_user ON user_certificate (user_id);
CREATE INDEX user_certificate_expiry ON user_certificate (not_after) WHERE revoked_at IS NULL;

-- A log-in in progress ('password_done'), then a session ('open').  Cookies are stored hashed.
CREATE TABLE session (
	cookie_sha256	BLOB NOT NULL PRIMARY KEY,
	id		TEXT NOT NULL UNIQUE,	-- what lists show and end
	stage		TEXT NOT NULL CHECK (stage IN ('password_done', 'open')),
	user_id		BIGINT NOT NULL,
	organization_id	BIGINT NOT NULL,
	role		TEXT NOT NULL,
	ticket_sha256	BLOB,			-- one-time ticket of the certificate step
	address		TEXT NOT NULL,
	agent		TEXT NOT NULL,
	previous_login_at BIGINT,		-- what the header shows: the log-in before this one
	previous_login_address TEXT,
	created_at	BIGINT NOT NULL,
	seen_at		BIGINT NOT NULL,
	expires_at	BIGINT NOT NULL
) /* clustered */;
CREATE INDEX session_by_user ON session (user_id);
CREATE INDEX session_expiry ON session (expires_at);

CREATE TABLE token (
	id		TEXT NOT NULL PRIMARY KEY,
	sha256		BLOB NOT NULL UNIQUE,
	name		TEXT NOT NULL,
	user_id		BIGINT NOT NULL,
	organization_id	BIGINT NOT NULL,
	scopes		TEXT NOT NULL,		-- blank-separated: view order revoke admin operate audit
	created_at	BIGINT NOT NULL,
	expires_at	BIGINT NOT NULL,
	used_at		BIGINT,
	revoked_at	BIGINT
) /* clustered */;
CREATE INDEX token_user ON token (user_id);
CREATE INDEX token_organization ON token (organization_id, created_at);

-- Failed log-ins by subject ("user:NAME" whether or not it exists, "address:A"); back-off lives here,
-- so that every web process sees it.
CREATE TABLE login_failure (
	subject		TEXT NOT NULL PRIMARY KEY,
	failures	BIGINT NOT NULL,
	last_at		BIGINT NOT NULL,
	blocked_until	BIGINT NOT NULL
) /* clustered */;

-- Browsers that a user has logged in with before: exempt from the back-off of others' guesses.
CREATE TABLE known_browser (
	cookie_sha256	BLOB NOT NULL PRIMARY KEY,
	user_id		BIGINT NOT NULL,
	seen_at		BIGINT NOT NULL
) /* clustered */;

-- One-time links: password resets and invitations to enrol an admin certificate.
CREATE TABLE one_time_link (
	sha256		BLOB NOT NULL PRIMARY KEY,
	purpose		TEXT NOT NULL CHECK (purpose IN ('password_reset', 'enrol')),
	user_id		BIGINT NOT NULL,
	created_at	BIGINT NOT NULL,
	expires_at	BIGINT NOT NULL,
	used_at		BIGINT
) /* clustered */;
CREATE INDEX one_time_link_user ON one_time_link (user_id);

-- Mail waits here in the transaction that causes it; a sender delivers it.
CREATE TABLE mail (
	id		TEXT NOT NULL PRIMARY KEY,
	recipient	TEXT NOT NULL,
	subject		TEXT NOT NULL,
	body		TEXT NOT NULL,
	created_at	BIGINT NOT NULL,
	attempts	BIGINT NOT NULL DEFAULT 0,
	next_at		BIGINT NOT NULL,
	sent_at		BIGINT,
	failure		TEXT
) /* clustered */;
CREATE INDEX mail_due ON mail (next_at) WHERE sent_at IS NULL;
