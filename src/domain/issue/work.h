/*
 * work - what a worker does with the store: leases slices, stores plans, secrets, results and orphans.
 *
 * A slice is issued by one worker at a time.  Its version is compared at every step, so that a worker
 * whose lease ran out and went to another cannot finish it: ERR_CONFLICT "slice_lost", nothing stored.
 * The order of steps:
 *	work_lease, which plans serials -> work_items -> work_secret -> keys -> signer -> work_store
 * or work_release when the signer is away.  Where an earlier try left a plan:
 *	work_lease -> ask the signer's journal, work_orphans -> ... -> work_plan -> signer -> work_store
 * Everything here is one transaction a call.
 */
#ifndef DOMAIN_WORK_H
#define DOMAIN_WORK_H

#include "base/arena.h"
#include "domain/app.h"

#define WORK_SERIAL_LEN	16
#define WORK_OWNER_MAX	64	/* "host pid thread", characters */

struct work_item {
	int64_t		 index;		/* in the batch */
	const char	*inputs;	/* JSON object of normalized inputs: {"mac_address":"00:1A:2B:00:00:01"} */
	const uint8_t	*spki;		/* whole SubjectPublicKeyInfo of a CSR; NULL: the key is made here */
	size_t		 spki_len;
};

struct work_slice {
	int64_t		 batch_id;
	int64_t		 slice_no;
	int64_t		 first_index;
	int64_t		 size;			/* items */
	int64_t		 version;		/* moves with plan, extend; the functions keep it up to date */
	int64_t		 lease_until_s;
	int64_t		 attempts;		/* leases of it so far, with this one */
	int64_t		 organization_id;
	int64_t		 profile_id;
	int64_t		 profile_version;
	int64_t		 ca_id;
	const char	*method;		/* "form", "single", "csr", "csv" */
	const char	*batch_name;
	int64_t		 batch_created_at;
	const char	*parameters;		/* JSON object: the organization's constants when it was ordered */
	int64_t		 parameters_version;
	const char	*packaging;		/* JSON: {"format":"p12","p12_mode":"modern","p12_iterations":2048,"p12_salt":"batch"},
						   {"format":"factory_flat"}, {"format":"pem"} */
	const uint8_t	*p12_salt;		/* 32 octets, or NULL: no salt is shared */
	bool		 sealed;		/* keys are made here, so there is a password: work_secret */
	const uint8_t	*plan;			/* serials an earlier try stored, WORK_SERIAL_LEN each, or NULL */
	size_t		 plan_n;
	uint8_t		(*serials)[WORK_SERIAL_LEN];	/* planned with this lease, one an item; NULL: settle `plan`,
							   then work_plan */
	int64_t		 certificate_base;	/* ids reserved for its certificates */
	const char	*host;			/* the worker's: its signer's journal is the one that knows the plan */
	bool		 left;			/* a plan of this host whose slice went to another since */
	struct work_item *items;		/* after work_items: `size` of them, in order of index */
};

/* Who gets a slice, for how long, and where its texts live. */
struct work_taker {
	const char	*owner, *host;
	int64_t		 lease_s;
	struct arena	*arena;
};

/*
 * The slice whose turn it is, leased to `owner` for lease_s seconds; *found false: nothing to do.  Only
 * slices whose password is sealed to a key of this host, or that need none.  Texts live in the arena.
 * A plan that another host made is left to that host, to be settled with its own signer; the slice begins anew.
 */
must_check bool work_lease(const struct app *, const char *owner, const char *host, int64_t lease_s,
    struct arena *, struct work_slice *out, bool *found, struct err *);
/* Reads the slice's items into s->items. */
must_check bool work_items(const struct app *, struct work_slice *, struct arena *, struct err *);
/* Stores the serials, one an item in order, before anything is signed; replaces a plan that was settled. */
must_check bool work_plan(const struct app *, struct work_slice *, const uint8_t *serials, size_t n, struct err *);
/* Until now + lease_s. */
must_check bool work_extend(const struct app *, struct work_slice *, int64_t lease_s, struct err *);
/* Gives it back, to be leased again after `after_s` seconds; the plan stays.  A lost slice is fine. */
must_check bool work_release(const struct app *, struct work_slice *, int64_t after_s, struct err *);
/*
 * Ends the leases of owners whose names begin with "host " and that `lives` does not know (called in a
 * transaction): what a killed worker had goes on at once.
 */
must_check bool work_free_dead(const struct app *, const char *host, bool (*lives)(const char *owner), struct err *);
/* Ends all leases of an owner that has nothing in hand: after errors that left open what it holds. */
must_check bool work_free(const struct app *, const char *owner, struct err *);
/* The password sealed to a key of this host, and which: CMS DER in the arena.  ERR_NOT_FOUND "secret_gone". */
must_check bool work_secret(const struct app *, int64_t batch_id, const char *host, struct arena *,
    const char **key_id, const uint8_t **sealed, size_t *len, struct err *);

/* What became of one item. */
struct work_result {
	int64_t		 index;
	bool		 ok;
	uint8_t		 serial[WORK_SERIAL_LEN];
	const uint8_t	*der;			/* the certificate */
	size_t		 der_len;
	const uint8_t	*file;			/* PKCS#12, or zip_seal of a PKCS#8, after the packaging; NULL for CSRs */
	size_t		 file_len;
	const char	*subject;		/* name_text() */
	int64_t		 not_before, not_after;
	unsigned	 shard;
	const char	*code;			/* when not ok: "input_value" */
	const char	*message;		/*              and a sentence for the orderer */
};

/*
 * One result for every item of the slice, in order of index (after work_items): certificates, serials,
 * files, failures, quota, progress and, with the batch's last slice, its end: ready_for_download,
 * issued_partly or failed, the password destroyed.  ERR_CONFLICT "slice_lost": nothing stored, and what
 * was signed has to go to work_orphans.
 */
must_check bool work_store(const struct app *, struct work_slice *, const struct work_result *, size_t n,
    struct err *);
/* The same, and in the same transaction work_lease for the next one, if there is one; `taker` NULL: none is wanted. */
must_check bool work_store_next(const struct app *, struct work_slice *, const struct work_result *, size_t n,
    const struct work_taker *taker, struct work_slice *next, bool *found, struct err *);

/*
 * Certificates that were signed but can't be stored as issued (crash, lost lease, rejected meanwhile):
 * stored revoked, belonging to no item.  Those already known are passed over, so a repeat is harmless.
 */
struct work_orphan {
	uint8_t		 serial[WORK_SERIAL_LEN];
	const uint8_t	*der;
	size_t		 der_len;
	const char	*subject;
	int64_t		 item_index;		/* what it was meant for */
	int64_t		 not_before, not_after;
	unsigned	 shard;
};
must_check bool work_orphans(const struct app *, const struct work_slice *, const struct work_orphan *, size_t n,
    struct err *);
/*
 * A slice whose batch was rejected after its serials were planned: they are to be held against the journal as
 * before a new try, then work_settled() lets go of the plan.  Filled in as far as work_orphans needs it.
 * Or a plan of this host whose slice went to another.  Only the host's own: its journal knows.
 */
must_check bool work_unsettled(const struct app *, const char *host, struct arena *, struct work_slice *out, bool *found, struct err *);
must_check bool work_settled(const struct app *, struct work_slice *, struct err *);

/* Which of n serials the store knows: known[i] for serials[i]. */
must_check bool work_serials_known(const struct app *, const uint8_t (*serials)[WORK_SERIAL_LEN], size_t n,
    bool *known, struct err *);

/* ---- sealing keys of worker hosts ---- */

struct work_key {
	const char	*id;			/* 64 hex digits: SHA-256 of the certificate */
	const char	*host;
	int64_t		 created_at;
	int64_t		 retired_at;		/* 0: passwords are sealed to it */
	bool		 needed;		/* a password or a pool of keys is sealed to it */
};
/* Passwords are sealed to it from now on; a repeat is fine. */
must_check bool work_key_add(const struct app *, const char *id, const char *host, const uint8_t *certificate,
    size_t len, struct err *);
/* Not sealed to any more. */
must_check bool work_key_retire(const struct app *, const char *id, struct err *);
/* The host's keys, oldest first. */
must_check bool work_key_list(const struct app *, const char *host, struct arena *, struct work_key **, size_t *n,
    struct err *);
/* Forgets a retired key that nothing is sealed to any more; ERR_CONFLICT "key_needed" otherwise.  Then its file may go. */
must_check bool work_key_drop(const struct app *, const char *id, struct err *);

/* ---- life ---- */

#define WORK_BEAT_S 5		/* how often a host gives a sign of life */
#define WORK_ALIVE_S (4 * WORK_BEAT_S)	/* without one for so long it is away */

must_check bool work_beat(const struct app *, const char *host, struct err *);
/* Whether any worker host gave one lately. */
must_check bool work_alive(const struct app *, bool *alive, struct err *);

/*
 * Leases that end later than any is given for were made under a clock that has been set back since.  What
 * this caller saw unchanged for as long as a lease lasts is freed.  Call it every lease_s / 2 or so.
 */
struct work_watch {
	struct { int64_t batch_id, slice_no, version, since_ms; } list[64];
	size_t	n;
};
must_check bool work_mend_leases(const struct app *, struct work_watch *, int64_t lease_s, struct err *);

/* ---- housekeeping: small steps between slices; any number of workers at once ---- */

/*
 * One step of what is due: abandoned stagings swept, rejected and revoked batches carried through
 * certificate by certificate (about 1,000 a step), results purged after their days, tokens of
 * idempotency forgotten.  *did false: nothing was due.
 */
must_check bool work_housekeeping(const struct app *, bool *did, struct err *);
/* Room for the certificates to come, where the engine keeps them in pieces; about once a minute. */
must_check bool work_room(const struct app *, struct err *);

#endif
