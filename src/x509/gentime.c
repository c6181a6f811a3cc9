#include "x509/gentime.h"

#include "base/clock.h"
#include "base/own.h"

#define GENTIME_LEN 15
#define YEAR_1950_S INT64_C(-631152000)

/* "2026-11-24T10:37:02Z" without its punctuation, and with it. */
static const struct piece {
	uint8_t	packed, text, len;
} pieces[] = { { 0, 0, 4 }, { 4, 5, 2 }, { 6, 8, 2 }, { 8, 11, 2 }, { 10, 14, 2 }, { 12, 17, 3 } };

void
gentime_put(struct der_writer *w, int64_t unix_s)
{
	char text[TIME_TEXT_LEN];
	uint8_t packed[GENTIME_LEN];

	if (unix_s < YEAR_1950_S || unix_s > TIME_NEVER_S) {
		w->full = true;
		return;
	}
	time_text(unix_s, text);
	for (size_t i = 0; i < COUNT(pieces); i++)
		memcpy(packed + pieces[i].packed, text + pieces[i].text, pieces[i].len);
	der_put(w, DER_GEN_TIME, packed, sizeof(packed));
}

bool
gentime_get(struct der_reader *r, int64_t *unix_s)
{
	struct der_reader at = *r;
	struct der packed;
	char text[TIME_TEXT_LEN] = "0000-00-00T00:00:00Z";

	if (!der_get(&at, DER_GEN_TIME, &packed) || packed.len != GENTIME_LEN ||
	    packed.p[GENTIME_LEN - 1] != 'Z')
		return false;
	for (size_t i = 0; i + 1 < GENTIME_LEN; i++)
		if (packed.p[i] < '0' || packed.p[i] > '9')
			return false;
	for (size_t i = 0; i < COUNT(pieces); i++)
		memcpy(text + pieces[i].text, packed.p + pieces[i].packed, pieces[i].len);
	if (!time_parse(text, unix_s) || *unix_s < YEAR_1950_S)
		return false;
	*r = at;
	return true;
}
