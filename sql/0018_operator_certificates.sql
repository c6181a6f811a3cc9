-- Operators look for what is revoked, held or rejected among the certificates of all organizations: down an index of
-- those alone, however many are simply issued.
CREATE INDEX certificate_state ON certificate (state, id) WHERE state <> 0;
