-- When the list before the last one was made: certificates that ended since then may leave, and a signer that
-- did not issue them wants to see that they ended.

ALTER TABLE crl ADD COLUMN before_update BIGINT NOT NULL DEFAULT 0;
