/*
 * clock - wall time in Unix seconds, monotonic time in milliseconds, RFC 3339 text.
 *
 * Tests move the wall clock with clock_shift(); programs never do.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

int64_t clock_now_s(void);		/* wall, plus the shift */
int64_t clock_mono_ms(void);
void clock_shift(int64_t s);		/* sets the shift; 0 takes it back */

#define TIME_TEXT_LEN 21		/* "2026-11-24T10:37:02Z" and NUL; years to 9999 */
void time_text(int64_t unix_s, char out[TIME_TEXT_LEN]);
/* RFC 3339 date-time in UTC or with offset, or a bare date (midnight UTC); false on anything else. */
bool time_parse(const char *, int64_t *unix_s);

#endif
