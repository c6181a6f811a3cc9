/* Any octets as a profile; what parses is shown, and no TBS that it refuses to build passes its check. */
#include <stdlib.h>
#include <string.h>

#include "base/own.h"
#include "x509/ca.h"
#include "x509/profile/profile.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *in, size_t len)
{
	OWN(arena_free) struct arena *a = arena_new(1 << 20);
	OWN(profile_free) struct profile *p = NULL;
	OWN(hierarchy_free) struct hierarchy *h = NULL;
	struct faults f = { .arena = a }, g = { .arena = a };
	char out[INPUT_VALUE_MAX], why[INPUT_WHY_MAX];
	struct err e = { 0 };
	size_t n, m;

	if (!profile_parse((const char *)in, len, &p, &f, &e)) {
		if (p != NULL || (e.kind == ERR_INVALID && f.total == 0))
			abort();
	} else {
		const struct profile_input *inputs = profile_inputs(p, &n);

		if (profile_json(p, &m) == NULL || m != len || f.total != 0)
			abort();
		for (size_t i = 0; i < n; i++)
			if (input_normalize(&inputs[i], (const char *)in, len < 40 ? len : 40, out, why) &&
			    out[0] != '\0' && !input_is_normal(&inputs[i], out, why))
				abort();
		for (size_t i = 0; i < n; i++)
			if (inputs[i].default_value != NULL &&
			    !input_is_normal(&inputs[i], inputs[i].default_value, why))
				abort();
	}
	if (!hierarchy_parse((const char *)in, len, &h, &g, &e) && e.kind == ERR_INVALID && g.total == 0)
		abort();
	return 0;
}
