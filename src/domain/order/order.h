/*
 * order - from what somebody typed or uploaded to a batch that workers issue.
 *
 * One way for all four methods: a source of items is read once to check everything (form, duplicates
 * inside and against the ledgers, blocks of the organization, quota) and once more to stage it in
 * transactions of about a thousand items, invisible and uncharged; one short transaction then makes it
 * a batch.  Memory is bounded whatever the size.  An order that fails on the way leaves nothing.
 */
#ifndef DOMAIN_ORDER_H
#define DOMAIN_ORDER_H

#include <jansson.h>

#include "base/arena.h"
#include "base/fault.h"
#include "base/secret.h"
#include "domain/actor.h"
#include "domain/app.h"
#include "store/batch.h"

#define ORDER_SIZE_MAX 1000000
#define ORDER_SAMPLES_MAX 10
#define ORDER_PROFILES_MAX 8

struct order_input {
	const char	*name;
	const char	*value;		/* as typed */
};

struct order {
	const char		*method;	/* "form", "single", "csr", "csv" */
	int64_t			 profile_id;
	const int64_t		*profile_ids;	/* order_*_all: one batch of each, in this order */
	size_t			 profiles_n;
	const char		*name;
	int64_t			 size;		/* form; single: 0 or 1 */
	const struct secret	*password;	/* of the PKCS#12 files, or NULL */
	const char		*p12_mode;	/* "modern", "compatible"; NULL: the profile's */
	const char		*packaging;	/* "p12", "factory_flat", "factory_folder"; NULL: the profile's first */
	const struct order_input *inputs;
	size_t			 inputs_n;
	const char		*generator_input;	/* NULL: none */
	uint64_t		 increment;
	int			 fd;		/* the uploaded file, seekable; -1: none */
	uint64_t		 file_size;
	const char		*idempotency_key;	/* NULL: none */
};

struct order_sample {
	int64_t		 index;
	const char	*subject;
	json_t		*inputs;	/* object of strings; the caller's */
};
struct order_preview {
	int64_t		 size;		/* rows in error included */
	int64_t		 quota_after;	/* negative: more than there is */
	struct order_sample sample[ORDER_SAMPLES_MAX];	/* the first and the last */
	size_t		 samples;
};
void order_preview_clear(struct order_preview *);

/*
 * What would be made; changes nothing.  What is wrong with devices or fields stands in `errors`, what is
 * worth knowing in `warnings`, and the answer is true all the same; false is for what cannot be read at
 * all, ERR_INVALID "order" when no profile can be told ("errors" say so too).
 */
must_check bool order_preview(const struct app *, const struct actor *, const struct order *, struct arena *,
    struct order_preview *, struct faults *errors, struct faults *warnings, struct err *);
/*
 * Makes the batch.  *replayed: the Idempotency-Key was used for the same order before, and *out is what
 * it made.  ERR_INVALID "order" with errors, ERR_CONFLICT "quota_exceeded" or "idempotency_key",
 * ERR_UNAVAILABLE "no_worker" when no worker host is known to seal the password to.
 */
must_check bool order_place(const struct app *, const struct actor *, const struct order *, struct arena *,
    struct batch *out, bool *replayed, struct faults *errors, struct err *);

/*
 * One list of devices to several profiles, all or nothing: a batch of each, called "NAME (PROFILE)", with
 * the profile's own PKCS#12 mode unless the order names one.  An input that only some of the profiles have
 * goes to those.  Every fault says which profile it is of.
 */
struct order_part {			/* of one profile */
	int64_t			 profile_id;
	const char		*profile_name;	/* NULL: there is no such profile */
	const char		*name;		/* the batch's */
	struct order_preview	 preview;
	struct faults		 errors, warnings;
};
/* parts[i] of profile i, with o->profiles_n of them; order_preview_clear each. */
must_check bool order_preview_all(const struct app *, const struct actor *, const struct order *, struct arena *,
    struct order_part *parts, struct err *);
/* out[i] of profile i.  Errors as of order_place. */
must_check bool order_place_all(const struct app *, const struct actor *, const struct order *, struct arena *,
    struct batch *out, bool *replayed, struct faults *errors, struct err *);

#endif
