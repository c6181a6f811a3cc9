-- Lists of batches by the date of the order are read down an index, as those by size, name and status are.
CREATE INDEX batch_organization_created ON batch (organization_id, created_at, id);
