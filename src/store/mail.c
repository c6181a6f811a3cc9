#include "store/mail.h"

bool
store_mail_add(struct db *tx, const char *id, const char *recipient, const char *subject, const char *body,
    int64_t at, struct err *e)
{
	static const char sql[] =
	    "INSERT INTO mail (id, recipient, subject, body, created_at, next_at) VALUES ($1, $2, $3, $4, $5, $5)";

	return db_run(tx, sql, ARGS(arg_text(id), arg_text(recipient), arg_text(subject), arg_text(body), arg_int(at)),
	    NULL, e);
}

bool
store_mail_claim(struct db *tx, int64_t now, struct arena *a, struct mail *m, bool *found, struct err *e)
{
	static const char sql[] =
	    "UPDATE mail SET attempts = attempts + 1,"
	    " next_at = $1 + CASE WHEN attempts < 10 THEN 60 * (attempts + 1) ELSE 3600 END WHERE id IN"
	    " (SELECT id FROM mail WHERE sent_at IS NULL AND next_at <= $1 ORDER BY next_at LIMIT 1 /* skip_locked */)"
	    " AND sent_at IS NULL AND next_at <= $1"
	    " RETURNING id, recipient, subject, body, created_at, attempts";
	OWN(db_rows_free) struct db_rows *rows = NULL;

	*found = false;
	if (!db_query(tx, sql, ARGS(arg_int(now)), &rows, e))
		return false;
	if (db_next(rows, e)) {
		m->id = db_text_in(rows, 0, a);
		m->recipient = db_text_in(rows, 1, a);
		m->subject = db_text_in(rows, 2, a);
		m->body = db_text_in(rows, 3, a);
		m->created_at = db_int(rows, 4);
		m->attempts = db_int(rows, 5);
		*found = true;
	}
	return e->kind == ERR_NONE;
}

bool
store_mail_sent(struct db *tx, const char *id, int64_t at, struct err *e)
{
	static const char sql[] = "UPDATE mail SET sent_at = $2, body = '', failure = NULL WHERE id = $1";

	return db_run(tx, sql, ARGS(arg_text(id), arg_int(at)), NULL, e);
}

bool
store_mail_failed(struct db *tx, const char *id, const char *failure, bool give_up, int64_t at, struct err *e)
{
	static const char again[] = "UPDATE mail SET failure = $2 WHERE id = $1";
	static const char never[] = "UPDATE mail SET failure = $2, sent_at = $3, body = '' WHERE id = $1";

	return give_up ? db_run(tx, never, ARGS(arg_text(id), arg_text(failure), arg_int(at)), NULL, e)
	    : db_run(tx, again, ARGS(arg_text(id), arg_text(failure)), NULL, e);
}
