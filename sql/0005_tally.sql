-- Figures for the dashboard, kept in the transactions that change what they count: reading a month of
-- them is a few hundred rows, however many certificates there are.  Nothing is to be filled in: no store
-- had certificates before this.

-- day: whole days since 1970-01-01; of 'expiring' the first of the month.
CREATE TABLE tally (
	organization_id	BIGINT NOT NULL,
	kind		TEXT NOT NULL CHECK (kind IN ('ordered', 'issued', 'revoked', 'rejected', 'expiring')),
	day		BIGINT NOT NULL,
	profile_id	BIGINT NOT NULL,
	n		BIGINT NOT NULL,
	PRIMARY KEY (organization_id, kind, day, profile_id)
) /* clustered */;
-- For those who see every organization.
CREATE INDEX tally_day ON tally (kind, day, profile_id, n);

-- The log of one thing: a batch, a user.
CREATE INDEX audit_object ON audit (object, at, id);
