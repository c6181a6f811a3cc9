#include "store/partition.h"

#include <inttypes.h>

#include "base/str.h"

#define AHEAD 2
#define YOUNG 1000000

/* Utility statements take no parameters.  One host at a time; what is there already is left as it is. */
static const char sql_format[] =
    "DO $do$ DECLARE top BIGINT := %" PRId64 "; n BIGINT; BEGIN"
    " PERFORM pg_advisory_xact_lock(4848211702);"
    " IF top < 0 THEN SELECT COALESCE(MAX(value), 0) INTO top FROM counter WHERE name = 'certificate'; END IF;"
    " n := top / %" PRId64 ";"
    " IF (SELECT relkind FROM pg_class WHERE oid = CAST('certificate_der' AS regclass)) = 'r' THEN"
    "  IF EXISTS (SELECT 1 FROM certificate_der WHERE certificate_id > %d LIMIT 1) THEN RETURN; END IF;"
    "  ALTER TABLE certificate_der RENAME TO certificate_der_0;"
    "  ALTER INDEX certificate_der_pkey RENAME TO certificate_der_0_pkey;"
    "  CREATE TABLE certificate_der (LIKE certificate_der_0 INCLUDING DEFAULTS INCLUDING STORAGE,"
    "   PRIMARY KEY (certificate_id)) PARTITION BY RANGE (certificate_id);"
    "  ALTER TABLE certificate_der ATTACH PARTITION certificate_der_0 FOR VALUES FROM (MINVALUE) TO (%" PRId64 ");"
    "  n := 1;"
    " END IF;"
    " FOR k IN n .. top / %" PRId64 " + %d LOOP"
    "  IF to_regclass('certificate_der_' || k) IS NULL THEN"
    "   EXECUTE format('CREATE TABLE certificate_der_%%s PARTITION OF certificate_der FOR VALUES FROM (%%s) TO (%%s)',"
    "    k, k * %" PRId64 ", (k + 1) * %" PRId64 ");"
    "  END IF;"
    " END LOOP;"
    " END $do$";

bool
store_partition_ensure(struct db *tx, int64_t top, struct err *e)
{
	OWN_STR struct str sql = { 0 };

	if (db_engine(tx) != DB_POSTGRES)
		return true;
	str_addf(&sql, sql_format, top, PARTITION_IDS, YOUNG, PARTITION_IDS, PARTITION_IDS, AHEAD, PARTITION_IDS,
	    PARTITION_IDS);
	return db_run(tx, sql.p, NO_ARGS, NULL, e) || err_in(e, "partitions of certificate_der");
}
