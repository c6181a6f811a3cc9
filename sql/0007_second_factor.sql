-- How people get and present a second factor: admin certificates by invitation, passkeys where they are
-- allowed, and the settings of both.

ALTER TABLE organization ADD COLUMN password_min BIGINT NOT NULL DEFAULT 12;	-- characters
ALTER TABLE organization ADD COLUMN invitation_days BIGINT NOT NULL DEFAULT 7;

-- What a session was opened with: 'certificate' or 'passkey'.
ALTER TABLE session ADD COLUMN factor TEXT NOT NULL DEFAULT 'certificate';

-- A public key that waits for a worker to have it certified; done with when the certificate is registered.
CREATE TABLE enrolment (
	id		TEXT NOT NULL PRIMARY KEY,
	link_sha256	BLOB NOT NULL,		-- the invitation
	user_id		BIGINT NOT NULL,
	spki		BLOB NOT NULL,
	state		TEXT NOT NULL CHECK (state IN ('asked', 'done', 'failed')),
	certificate_sha256 BLOB,		-- of user_certificate, once done
	failure		TEXT,
	address		TEXT NOT NULL,
	request_id	TEXT NOT NULL,
	created_at	BIGINT NOT NULL,
	attempts	BIGINT NOT NULL DEFAULT 0,
	lease_until	BIGINT NOT NULL DEFAULT 0
) /* clustered */;
CREATE UNIQUE INDEX enrolment_link ON enrolment (link_sha256) WHERE state <> 'failed';
CREATE INDEX enrolment_asked ON enrolment (created_at) WHERE state = 'asked';
CREATE INDEX enrolment_age ON enrolment (created_at);

-- WebAuthn credentials.
CREATE TABLE passkey (
	id		TEXT NOT NULL PRIMARY KEY,
	user_id		BIGINT NOT NULL,
	credential_id	BLOB NOT NULL UNIQUE,
	algorithm	BIGINT NOT NULL,	-- COSE: -7 ES256, -8 EdDSA, -257 RS256
	public_key	BLOB NOT NULL,
	sign_count	BIGINT NOT NULL,
	name		TEXT NOT NULL,
	created_at	BIGINT NOT NULL,
	used_at		BIGINT,
	revoked_at	BIGINT
) /* clustered */;
CREATE INDEX passkey_user ON passkey (user_id);

-- Challenges of registrations, hashed; each is used once.
CREATE TABLE passkey_challenge (
	sha256		BLOB NOT NULL PRIMARY KEY,
	user_id		BIGINT NOT NULL,
	expires_at	BIGINT NOT NULL
) /* clustered */;
CREATE INDEX passkey_challenge_expiry ON passkey_challenge (expires_at);
