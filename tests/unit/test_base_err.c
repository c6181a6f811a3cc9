#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "check.h"

int
main(void)
{
	struct err e = { 0 };
	char longer[400];

	CHECK(!err_set(&e, ERR_CONFLICT, "batch_state", "batch %d is %s", 7, "downloaded"), "always false");
	CHECK(e.kind == ERR_CONFLICT && strcmp(e.code, "batch_state") == 0, "%s", e.code);
	CHECK(strcmp(e.msg, "batch 7 is downloaded") == 0, "%s", e.msg);
	CHECK(!err_in(&e, "issue %s", "01J") && !err_in(&e, "slice %d", 3), "always false");
	CHECK(strcmp(e.trail, "slice 3: issue 01J") == 0, "%s", e.trail);
	e.retry_after_s = 5;
	err_set(&e, ERR_INVALID, "again", "was: %s", e.msg);
	CHECK(strcmp(e.msg, "was: batch 7 is downloaded") == 0, "arguments may lie in the error: %s", e.msg);
	CHECK(e.trail[0] == '\0' && e.retry_after_s == 0, "trail cleared");

	errno = ENOSPC;
	CHECK(!err_sys(&e, "write %s", "/x"), "always false");
	CHECK(e.kind == ERR_INTERNAL && strcmp(e.code, "internal") == 0 && strstr(e.msg, "/x") == NULL, "%s", e.msg);
	CHECK(strcmp(e.trail, "write /x: No space left on device") == 0 && errno == ENOSPC, "%s", e.trail);
	errno = 0;
	err_sys(&e, "plain");
	CHECK(strcmp(e.trail, "plain") == 0, "%s", e.trail);

	/* Cut at a whole character: U+20AC takes three octets. */
	memset(longer, 'x', sizeof(longer));
	memcpy(longer + sizeof(e.msg) - 3, "\xe2\x82\xac", 3);
	longer[sizeof(longer) - 1] = '\0';
	err_set(&e, ERR_INVALID, "long", "%s", longer);
	CHECK(strlen(e.msg) == sizeof(e.msg) - 3, "%zu", strlen(e.msg));
	memcpy(longer + sizeof(e.msg) - 4, "\xe2\x82\xac", 3);
	err_set(&e, ERR_INVALID, "long", "%s", longer);
	CHECK(strlen(e.msg) == sizeof(e.msg) - 1, "%zu", strlen(e.msg));
	for (int i = 0; i < 100; i++)
		err_in(&e, "step %d", i);
	CHECK(strlen(e.trail) < sizeof(e.trail) && strncmp(e.trail, "step 99: step 98: ", 18) == 0, "%s", e.trail);

	err_clear(&e);
	CHECK(e.kind == ERR_NONE && e.code == NULL && e.msg[0] == '\0', "cleared");
	for (int k = ERR_NONE; k <= ERR_INTERNAL; k++)
		CHECK(strcmp(err_kind_name((enum err_kind)k), "unknown") != 0, "kind %d has a name", k);
	CHECK(strcmp(err_kind_name((enum err_kind)99), "unknown") == 0, "and others have none");
	return check_done();
}
