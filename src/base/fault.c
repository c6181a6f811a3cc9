#include "base/fault.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

#define VALUE_OCTETS 80
#define MESSAGE_OCTETS 256

const char *
fault_shown(struct arena *a, const char *value)
{
	char out[VALUE_OCTETS + 4];
	size_t n = 0, i = 0, len = strlen(value);

	while (i < len) {
		unsigned char c = (unsigned char)value[i];
		size_t k = c < 0xc0 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
		char one[5] = { 0 };

		if (k > len - i)
			k = len - i;
		memcpy(one, value + i, k);
		if (!text_name_ok(one, 1)) {
			one[0] = '?';
			one[1] = '\0';
			k = 1;
		}
		if (n + k > VALUE_OCTETS) {
			memcpy(out + n, "...", 3);
			n += 3;
			break;
		}
		memcpy(out + n, one, strlen(one));
		n += k;
		i += k;
	}
	return arena_strndup(a, out, n);
}

static bool
grow(struct faults *f)
{
	size_t cap = f->cap == 0 ? 16 : 2 * f->cap;
	struct fault *list = arena_array(f->arena, cap, sizeof(*list));

	if (list == NULL)
		return false;
	if (f->n > 0)
		memcpy(list, f->list, f->n * sizeof(*list));
	f->list = list;
	f->cap = cap;
	return true;
}

void
fault_add(struct faults *f, const char *file, int64_t line, const char *field, const char *value,
    const char *fmt, ...)
{
	struct fault it = { .line = line };
	char message[MESSAGE_OCTETS];
	va_list ap;

	f->total++;
	if (f->n >= FAULTS_MAX || (f->n == f->cap && !grow(f)))
		return;
	va_start(ap, fmt);
	(void)vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	if ((it.message = arena_strdup(f->arena, message)) == NULL ||
	    (file != NULL && (it.file = arena_strdup(f->arena, file)) == NULL) ||
	    (field != NULL && (it.field = arena_strdup(f->arena, field)) == NULL) ||
	    (value != NULL && (it.value = fault_shown(f->arena, value)) == NULL))
		return;			/* the arena is full: counted, not kept */
	f->list[f->n++] = it;
}
