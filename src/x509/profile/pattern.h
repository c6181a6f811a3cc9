/*
 * pattern - regular expressions of profiles: one text that means the same in C and in a browser.
 *
 * The dialect is what HTML's pattern attribute (JavaScript, flag v) and POSIX extended expressions share:
 * characters, `.`, classes with ranges, groups, `|`, `* + ? {n} {n,} {n,m}`, and a backslash before
 * punctuation.  A pattern matches the whole text; `^` and `$` are not written.  Compiled once, matched by
 * any number of threads.
 */
#ifndef X509_PATTERN_H
#define X509_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/own.h"

#define PATTERN_MAX 256		/* octets */

struct pattern;

/* False: `why` says what is outside the dialect, or too large. */
must_check bool pattern_new(const char *text, struct pattern **out, char why[128]);
void pattern_free(struct pattern *);
OWN_TYPE(struct pattern, pattern_free)
must_check bool pattern_match(const struct pattern *, const char *text);

#endif
