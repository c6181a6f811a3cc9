-- Since when the next list of a scope cannot be made, and why: people are told before the last one ends.

ALTER TABLE crl_scope ADD COLUMN failed_at BIGINT;
ALTER TABLE crl_scope ADD COLUMN failure TEXT;
