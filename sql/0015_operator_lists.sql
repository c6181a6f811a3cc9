-- Operators and auditors list the batches of all organizations, in every order that the list offers: each is read
-- down an index, as those of one organization are.
CREATE INDEX batch_created ON batch (created_at, id);
CREATE INDEX batch_size ON batch (size, id);
CREATE INDEX batch_name ON batch (name_fold, id);
CREATE INDEX batch_state ON batch (state, id);
CREATE INDEX batch_profile ON batch (profile_id, id);
