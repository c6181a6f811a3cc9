/* New CSRs by form or single: typed values, one of them counted up. */
#include <inttypes.h>
#include <string.h>

#include "domain/order/order_run.h"

static enum input_generator
kind_of(const struct profile_input *in)
{
	static const enum input_generator kinds[] = { GENERATOR_MAC, GENERATOR_EUI64, GENERATOR_DECIMAL };

	for (size_t i = 0; i < COUNT(kinds); i++)
		if ((in->generators & kinds[i]) != 0)
			return kinds[i];
	return (enum input_generator)0;
}

static bool
generator_prepare(struct order_run *r, struct generator *g, size_t *input)
{
	const struct order *o = r->order;
	int at = profile_input_find(r->doc, o->generator_input);
	struct err e = { 0 };
	bool rule;

	if (at < 0) {
		fault_add(r->errors, NULL, 0, "generator.input", o->generator_input,
		    "the profile has no such input");
		return false;
	}
	*input = (size_t)at;
	if (kind_of(&r->inputs[at]) == 0) {
		fault_add(r->errors, NULL, 0, "generator.input", o->generator_input, "has no generator");
		return false;
	}
	if (r->fixed[at] == NULL) {
		fault_add(r->errors, NULL, 0, r->inputs[at].name, NULL, "the value to start from is missing");
		return false;
	}
	rule = r->about->mac_prefixes &&
	    (r->inputs[at].type == INPUT_MAC_ADDRESS || r->inputs[at].type == INPUT_EUI64);
	if (generator_start(&r->inputs[at], kind_of(&r->inputs[at]), r->fixed[at], o->increment,
		(uint64_t)o->size, rule ? r->prefixes : NULL, rule ? r->prefixes_n : 0, g, &e))
		return true;
	fault_add(r->errors, NULL, 0, strcmp(e.code, "generator_increment") == 0 ? "generator.increment" :
	    r->inputs[at].name, NULL, "%s", e.msg);
	return false;
}

bool
order_form_prepare(struct order_run *r, struct err *e)
{
	const struct order *o = r->order;
	bool single = r->method == METHOD_SINGLE;

	(void)e;
	if (single && o->size > 1)
		fault_add(r->errors, NULL, 0, "size", NULL, "a single order has size 1");
	if (single && o->generator_input != NULL)
		fault_add(r->errors, NULL, 0, "generator", NULL, "a single order takes no generator");
	if (!single && (o->size < 1 || o->size > ORDER_SIZE_MAX))
		fault_add(r->errors, NULL, 0, "size", NULL, "from 1 to %d", ORDER_SIZE_MAX);
	if (!single && o->size > 1 && o->generator_input == NULL)
		fault_add(r->errors, NULL, 0, "generator", NULL, "two or more devices need a generator");
	return true;
}

bool
order_form_read(struct order_run *r, struct err *e)
{
	bool counted = r->order->generator_input != NULL;
	int64_t size = r->method == METHOD_SINGLE ? 1 : r->order->size;
	char value[INPUT_VALUE_MAX], normal[INPUT_VALUE_MAX];
	struct generator g;
	size_t input = 0;

	if (order_wrong(r)) {
		r->size = size;
		return true;
	}
	if (counted && !generator_prepare(r, &g, &input)) {
		r->size = size;
		return true;
	}
	for (int64_t i = 0; i < size; i++) {
		struct order_item it = { 0 };

		if (counted) {
			generator_value(&g, (uint64_t)i, value);
			it.values[input] = value;
			/* Length and block are those of the first; what else the profile asks for may end on the way. */
			if (r->inputs[input].match != NULL)
				(void)order_value(r, &it, input, value, strlen(value), normal);
		}
		if (!order_item_done(r, &it, e))
			return false;
	}
	return true;
}
