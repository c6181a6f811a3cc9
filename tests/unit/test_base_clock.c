#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/own.h"
#include "check.h"

int
main(void)
{
	static const struct { const char *text; int64_t s; } good[] = {
		{ "1970-01-01T00:00:00Z", 0 }, { "2026-11-24T10:37:02Z", 1795516622 }, { "2026-11-24", 1795478400 },
		{ "2026-11-24T12:37:02+02:00", 1795516622 }, { "2026-11-24T05:07:02-05:30", 1795516622 },
		{ "2026-11-24t10:37:02.999z", 1795516622 }, { "2024-02-29", 1709164800 }, { "2000-02-29", 951782400 },
		{ "9999-12-31T23:59:59Z", 253402300799 }, { "0000-01-01", -62167219200 }, { "0999-03-04", -30636403200 },
		{ "2016-12-31T23:59:60Z", 1483228800 },
	};
	static const char *const bad[] = {
		"", "2026", "2026-11", "2026-11-24 10:37:02Z", "2026-11-24T10:37Z", "2026-11-24T10:37:02", "2026-13-01", "2026-00-01",
		"2026-02-29", "1900-02-29", "2026-04-31", "2026-11-00", "2026-11-24T24:00:00Z", "2026-11-24T10:60:00Z",
		"2026-11-24T10:37:60Z", "2026-11-24T10:37:02.Z", "2026-11-24T10:37:02+0200", "2026-11-24T10:37:02+24:00",
		"2026-11-24T10:37:02Zx", "2026-11-24x", "02026-11-24", "-026-11-24", "2026-1-24", "+2026-11-24",
	};
	char out[TIME_TEXT_LEN];
	int64_t t = 0, before, mono;

	for (size_t i = 0; i < COUNT(good); i++) {
		t = -1;
		CHECK(time_parse(good[i].text, &t) && t == good[i].s, "%s: %" PRId64, good[i].text, t);
	}
	for (size_t i = 0; i < COUNT(bad); i++)
		CHECK(!time_parse(bad[i], &t), "\"%s\"", bad[i]);
	for (size_t i = 0; i < COUNT(good); i++) {
		time_text(good[i].s, out);
		CHECK(strlen(out) == 20 && time_parse(out, &t) && t == good[i].s, "%s", out);
	}
	time_text(1795516622, out);
	CHECK(strcmp(out, "2026-11-24T10:37:02Z") == 0, "%s", out);
	time_text(-30636403200, out);
	CHECK(strcmp(out, "0999-03-04T00:00:00Z") == 0, "%s", out);
	time_text(INT64_MAX, out);
	CHECK(strcmp(out, "9999-12-31T23:59:59Z") == 0, "%s", out);
	time_text(INT64_MIN, out);
	CHECK(strcmp(out, "0000-01-01T00:00:00Z") == 0, "%s", out);

	before = clock_now_s();
	CHECK(before >= (int64_t)time(NULL) - 1 && before <= (int64_t)time(NULL), "wall time");
	clock_shift(3600);
	CHECK(clock_now_s() - before >= 3600 && clock_now_s() - before < 3610, "shifted");
	clock_shift(0);
	CHECK(clock_now_s() - before < 10, "and back");
	mono = clock_mono_ms();
	CHECK(mono > 0 && clock_mono_ms() >= mono, "monotonic");
	return check_done();
}
