/*
 * doc - reading a JSON document strictly: every unknown member, wrong type and value out of range becomes
 * a fault that names its path ("subject[2].pattern"), and reading goes on.
 *
 * A place that is at fault yields NULL, 0 or the default; the whole document is refused at the end when
 * `bad` is not 0.
 */
#ifndef X509_DOC_H
#define X509_DOC_H

#include <jansson.h>

#include "base/arena.h"
#include "base/fault.h"

#define DOC_PATH_MAX 256

struct doc {
	struct faults	*faults;
	struct arena	*arena;		/* of what is made from the document */
	char		 path[DOC_PATH_MAX];
	size_t		 path_len;
	size_t		 bad;
};

/*
 * Parses a text into *root (json_decref it).  ERR_TOO_LARGE over max octets, ERR_MALFORMED when it is no
 * JSON object, names an object's member twice, or is nested too deeply.
 */
must_check bool doc_load(const char *text, size_t len, size_t max, json_t **root, struct err *);

/* A fault at the present path, or at a member of it (NULL: the place itself). */
void doc_fault(struct doc *, const char *member, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Goes down, and comes back to a length that was noted before. */
void doc_into(struct doc *, const char *member);
void doc_into_index(struct doc *, size_t);
void doc_back(struct doc *, size_t path_len);

/* Names all members that may be there, NULL at the end; others are faults.  False when it is no object. */
bool doc_members(struct doc *, const json_t *object, const char *const *allowed);

/* Copies in the arena; NULL when absent (a fault if needed) or wrong. */
const char *doc_text(struct doc *, const json_t *object, const char *member, bool needed, size_t max_octets);
int64_t doc_int(struct doc *, const json_t *object, const char *member, int64_t least, int64_t most,
    int64_t otherwise);
/* With INT64_MIN as `otherwise` the member is needed. */
#define DOC_NEEDED INT64_MIN
bool doc_bool(struct doc *, const json_t *object, const char *member, bool otherwise);
/* An array of least..most elements, or NULL. */
const json_t *doc_array(struct doc *, const json_t *object, const char *member, bool needed, size_t least,
    size_t most);
/* An object, or NULL. */
const json_t *doc_object(struct doc *, const json_t *object, const char *member, bool needed);
/* One word of a list, by index; -1 when absent or unknown. */
int doc_word(struct doc *, const json_t *object, const char *member, bool needed, const char *const *words,
    size_t n);
/* Bits 1 << index for each word of an array without repetitions; 0 when absent. */
unsigned doc_words(struct doc *, const json_t *object, const char *member, bool needed,
    const char *const *words, size_t n);

/* Memory of the document; a fault and NULL when it is used up. */
void *doc_alloc(struct doc *, size_t n, size_t size);
const char *doc_copy(struct doc *, const char *);
const char *doc_printf(struct doc *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
