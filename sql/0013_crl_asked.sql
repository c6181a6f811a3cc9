-- An operator may want new revocation lists at once: of numbers above this one.
ALTER TABLE crl_scope ADD COLUMN asked BIGINT NOT NULL DEFAULT 0;
