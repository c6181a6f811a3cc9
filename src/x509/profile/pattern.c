#include <regex.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "x509/profile/pattern.h"

#define EXPANDED_MAX 4096	/* positions after {n,m} are written out: bounds regcomp's memory */
#define DEPTH_MAX 16
#define COUNT_MAX 255

struct pattern {
	regex_t	re;
};

/* Translation of our dialect to a POSIX extended expression. */
struct translator {
	const char	*p;
	struct str	 ere;
	unsigned	 depth;
	size_t		 before[DEPTH_MAX + 1];	/* positions before the open group, by depth */
	size_t		 size;			/* positions so far at this depth */
	size_t		 atom;			/* positions of the last atom; 0: nothing to repeat */
	char		*why;
};

static bool
refuse(struct translator *t, const char *what)
{
	(void)snprintf(t->why, 128, "%s", what);
	return false;
}

static void
atom(struct translator *t, size_t positions)
{
	t->size += positions;
	t->atom = positions;
}

/* One character of a class; moves behind it. */
static bool
class_char(struct translator *t, unsigned char *out)
{
	unsigned char c = (unsigned char)*t->p;

	if (c == '\\') {
		c = (unsigned char)*++t->p;
		if (c == '\0' || strchr("()[]{}/-\\|^$.*+?&!#%,:;<=>@`~'\"", c) == NULL)
			return refuse(t,
			    "a backslash inside [...] stands before something else than punctuation");
	} else if (c == '\0' || strchr("()[{}/|-", c) != NULL) {
		return refuse(t, c == '\0' ? "[ is not closed"
					   : "one of ( ) [ { } / - | inside [...] lacks its backslash");
	}
	if (c >= 0x80)
		return refuse(t, "characters beyond ASCII cannot stand inside [...]");
	t->p++;
	*out = c;
	return true;
}

static bool
class_members(struct translator *t, bool set[128])
{
	while (*t->p != ']') {
		unsigned char from, to;

		if (!class_char(t, &from))
			return false;
		to = from;
		if (t->p[0] == '-' && t->p[1] != ']') {
			t->p++;
			if (!class_char(t, &to))
				return false;
			if (to < from)
				return refuse(t, "a range inside [...] runs backwards");
		}
		for (unsigned c = from; c <= to; c++)
			set[c] = true;
	}
	t->p++;
	return true;
}

/* A POSIX bracket has no escapes: `]` stands first, `^` not first, `-` at an end. */
static bool
class(struct translator *t)
{
	bool set[128] = { false }, negated;
	unsigned any_but_caret = 0;

	t->p++;
	negated = *t->p == '^';
	if (negated)
		t->p++;
	if (!class_members(t, set))
		return false;
	for (unsigned c = 1; c < 128; c++)
		any_but_caret += set[c] && c != '^';
	if (any_but_caret == 0 && !set['^'])
		return refuse(t, "[] holds nothing");
	if (!negated && any_but_caret == 0) {
		str_adds(&t->ere, "\\^");
		atom(t, 1);
		return true;
	}
	str_adds(&t->ere, negated ? "[^" : "[");
	if (set[']'])
		str_addc(&t->ere, ']');
	else if (set['-'])
		str_addc(&t->ere, '-');
	for (unsigned c = 1; c < 128; c++)
		if (set[c] && c != ']' && c != '^' && c != '-' && c != '[')
			str_addc(&t->ere, (char)c);
	if (set['['])				/* before ^, so that [. [: [= never arise */
		str_addc(&t->ere, '[');
	if (set['^'])
		str_addc(&t->ere, '^');
	if (set[']'] && set['-'])
		str_addc(&t->ere, '-');
	str_addc(&t->ere, ']');
	atom(t, 1);
	return true;
}

static bool
count(const char **p, size_t *out)
{
	size_t v = 0;
	const char *s = *p;

	while (*s >= '0' && *s <= '9' && v <= COUNT_MAX)
		v = v * 10 + (size_t)(*s++ - '0');
	if (s == *p || v > COUNT_MAX)
		return false;
	*p = s;
	*out = v;
	return true;
}

static bool
quantifier(struct translator *t)
{
	const char *start = t->p;
	size_t least, most, times = 2;

	if (t->atom == 0)
		return refuse(t, "a quantifier has nothing before it to repeat");
	if (*t->p++ == '{') {
		if (!count(&t->p, &least))
			return refuse(t, "{ needs a count up to 255");
		most = least;
		if (*t->p == ',') {
			t->p++;
			most = least + 1;
			if (*t->p != '}' && !count(&t->p, &most))
				return refuse(t, "{ needs counts up to 255");
		}
		if (*t->p++ != '}' || most < least || most == 0)
			return refuse(t, "{n,m} is not closed, or its counts run backwards");
		times = most;
	}
	str_add(&t->ere, start, (size_t)(t->p - start));
	t->size += t->atom * (times - 1);
	t->atom = 0;
	return true;
}

static bool
group_end(struct translator *t)
{
	size_t inside = t->size;

	if (t->depth == 0)
		return refuse(t, ") without (");
	t->depth--;
	t->size = t->before[t->depth];
	str_addc(&t->ere, ')');
	t->p++;
	atom(t, inside == 0 ? 1 : inside);
	return true;
}

static bool
escape(struct translator *t)
{
	char c = t->p[1];

	if (c == '\0' || strchr("^$\\.*+?()[]{}|/", c) == NULL)
		return refuse(t,
		    "a backslash stands before something else than one of ^ $ \\ . * + ? ( ) [ ] { } | /");
	if (c != '/')
		str_addc(&t->ere, '\\');
	str_addc(&t->ere, c);
	t->p += 2;
	atom(t, 1);
	return true;
}

static bool
token(struct translator *t)
{
	switch (*t->p) {
	case '[':
		return class(t);
	case '(':
		if (t->p[1] == '?' || t->depth == DEPTH_MAX)
			return refuse(t,
			    t->p[1] == '?' ? "(? is not in the dialect" : "groups are nested too deeply");
		t->before[t->depth++] = t->size;
		t->size = 0;
		t->atom = 0;
		str_addc(&t->ere, *t->p++);
		return true;
	case ')':
		return group_end(t);
	case '*':
	case '+':
	case '?':
	case '{':
		return quantifier(t);
	case '\\':
		return escape(t);
	case '^':
	case '$':
		return refuse(t, "^ and $ are not written: a pattern matches the whole text");
	case ']':
	case '}':
		return refuse(t, "] or } lacks its backslash");
	case '|':
		t->atom = 0;
		break;
	default:
		atom(t, 1);
		break;
	}
	str_addc(&t->ere, *t->p++);
	return true;
}

static bool
translate(struct translator *t)
{
	str_adds(&t->ere, "^(");
	while (*t->p != '\0') {
		size_t all = t->size;

		if (!token(t))
			return false;
		for (unsigned d = 0; d < t->depth; d++)
			all += t->before[d];
		if (all > EXPANDED_MAX || t->size > EXPANDED_MAX)
			return refuse(t, "the pattern is too large once its counts are written out");
	}
	if (t->depth != 0)
		return refuse(t, "( is not closed");
	str_adds(&t->ere, ")$");
	return true;
}

bool
pattern_new(const char *text, struct pattern **out, char why[128])
{
	struct translator t = { .p = text, .why = why };
	struct pattern *p;
	bool ok = false;

	if (text[0] == '\0' || strlen(text) > PATTERN_MAX) {
		(void)snprintf(why, 128, "a pattern has 1 to %d octets", PATTERN_MAX);
		return false;
	}
	if (!translate(&t)) {
		str_free(&t.ere);
		return false;
	}
	p = calloc(1, sizeof(*p));
	if (p == NULL)
		abort();
	if (regcomp(&p->re, t.ere.p, REG_EXTENDED | REG_NOSUB) == 0)
		ok = true;
	else
		(void)snprintf(why, 128, "not a regular expression");
	str_free(&t.ere);
	if (ok)
		*out = p;
	else
		free(p);
	return ok;
}

void
pattern_free(struct pattern *p)
{
	if (p == NULL)
		return;
	regfree(&p->re);
	free(p);
}

bool
pattern_match(const struct pattern *p, const char *text)
{
	return regexec(&p->re, text, 0, NULL, 0) == 0;
}
