/* order_run - one order on its way through check and staging; private to order*.c. */
#ifndef DOMAIN_ORDER_RUN_H
#define DOMAIN_ORDER_RUN_H

#include "domain/order/names.h"
#include "domain/order/order.h"
#include "domain/account/organization.h"
#include "domain/delivery/packaging.h"
#include "domain/profile/profile.h"
#include "store/organization.h"
#include "x509/csr.h"
#include "x509/profile/generator.h"

#define CHUNK 1000			/* items a staging transaction */
#define FILE_PIECE ((size_t)64 * 1024)

enum order_pass { PASS_CHECK, PASS_STAGE };

/* One device, in normal form.  Pointers are good until the call returns. */
struct order_item {
	int64_t		 index, line;
	const char	*file;				/* member of an uploaded archive, or NULL */
	const char	*values[PROFILE_INPUTS_MAX];	/* by input index; NULL or "": none */
	struct der	 spki;				/* of a CSR */
	const char	*ignored;			/* what a CSR asked for in vain, or NULL */
	uint8_t		 spki_sha256[SHA256_LEN];
	bool		 bad;				/* faults were said about it */
};

struct order_run;
typedef bool order_each(struct order_run *, struct order_item *, struct err *);

struct ledger;			/* values that wait to be held against the store */
struct stage;

struct order_run {
	const struct app	*app;
	const struct actor	*who;
	const struct order	*order;
	struct arena		*arena;
	struct faults		*errors, *warnings;	/* warnings may be NULL */

	bool			 paired;		/* one of several profiles' */
	const char		*name;			/* the batch's */
	struct profile_ref	 ref;
	const struct profile	*doc;
	const struct profile_about *about;
	const struct profile_input *inputs;
	size_t			 inputs_n;
	const struct issuer	*issuer;
	struct organization	 organization;
	struct mac_prefix	*prefixes;
	size_t			 prefixes_n;
	bool			 csr;			/* keys come with the order */
	enum packaging		 packaging;
	enum profile_method	 method;
	enum input_source	 source;

	const char		*fixed[PROFILE_INPUTS_MAX];	/* typed values in normal form, defaults; NULL: none */
	bool			 typed[PROFILE_INPUTS_MAX];

	enum order_pass		 pass;
	order_each		*each;
	int64_t			 size;			/* items read in this pass */
	bool			 sampled;		/* `first` and `last` hold something */
	struct names		*seen[PROFILE_INPUTS_MAX];	/* unique inputs */
	struct names		*seen_keys, *seen_warnings;
	struct ledger		*ledger;
	struct stage		*stage;
	struct stage		*const *before;		/* staged for the same order, and kept while this one is */
	size_t			 before_n;

	struct order_item	 first[ORDER_SAMPLES_MAX / 2], last[ORDER_SAMPLES_MAX / 2];	/* copies */
	struct arena		*last_arena[ORDER_SAMPLES_MAX / 2];
};

/* order.c */
must_check bool order_prepare(struct order_run *, struct err *);
/* Prepares, reads all of it, and builds samples.  Errors stand in r->errors. */
must_check bool order_check(struct order_run *, struct order_preview *, struct err *);
/* What order_check said, as the order's end: ERR_INVALID "order", ERR_CONFLICT "quota_exceeded". */
must_check bool order_checked(const struct order_run *, const struct order_preview *, struct err *);
/* A large order waits for its turn in this process. */
must_check bool order_large_enter(const struct order *, struct err *);
void order_large_leave(const struct order *);
void order_run_clear(struct order_run *);
/* Reads the whole source, calling run->each for each item. */
must_check bool order_read(struct order_run *, enum order_pass, struct err *);
bool order_wrong(const struct order_run *);		/* errors were found */

/* order_check.c */
/* A cell: normalized into `out`; false after a fault (only in the checking pass). */
bool order_value(struct order_run *, struct order_item *, size_t input, const char *raw, size_t len,
    char out[INPUT_VALUE_MAX]);
/* Fills what is missing from typed values and defaults, checks what is required, hands it on. */
must_check bool order_item_done(struct order_run *, struct order_item *, struct err *);
must_check bool order_check_item(struct order_run *, struct order_item *, struct err *);
must_check bool order_check_end(struct order_run *, struct err *);
struct ledger *ledger_new(void);
void ledger_free(struct ledger *);

/* order_form.c, order_csv.c, order_csr.c: the sources */
must_check bool order_form_prepare(struct order_run *, struct err *);
must_check bool order_form_read(struct order_run *, struct err *);
must_check bool order_csv_read(struct order_run *, struct err *);
must_check bool order_csr_read(struct order_run *, struct err *);

/* order_stage.c */
must_check bool order_stage(struct order_run *, const uint8_t *fingerprint, struct batch *out, struct err *);
/* The same in two steps: everything staged, then one transaction for all of them. */
must_check bool order_stage_begin(struct order_run *, const uint8_t *fingerprint, struct stage **, struct err *);
must_check bool order_stage_accept(struct stage *const *, size_t n, struct batch *out, struct err *);
void order_stage_give_up(struct stage *);	/* leaves nothing */
void order_stage_free(struct stage *);
OWN_TYPE(struct stage, order_stage_free)

/* order_key.c */
/*
 * What the key was used for: *found with the batch.  ERR_CONFLICT "idempotency_key" for another order,
 * ERR_UNAVAILABLE "order_in_progress" while the first one is still on its way.
 */
must_check bool order_key_find(const struct app *, const struct actor *, const struct order *,
    const uint8_t fingerprint[64], struct arena *, struct batch *, bool *found, struct err *);
/*
 * After a refusal: the same order under the same key may have been faster.  `found` (order_key_find): then its
 * answer is this one's, and true.  Else the refusal stands, or *why while the first one is still on its way.
 */
must_check bool order_overtaken(bool found, const struct err *why, struct faults *, struct err *);
must_check bool order_fingerprint(const struct app *, const struct order *, uint8_t out[64], struct err *);
/* Octets of the upload from an offset; fewer only at its end. */
must_check bool order_file_read(const struct order *, uint64_t at, void *buf, size_t n, size_t *got, struct err *);

#endif
