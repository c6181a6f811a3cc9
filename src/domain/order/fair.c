#include "domain/order/fair.h"

#include "store/batch.h"
#include "store/slice.h"
#include "x509/key.h"

/* Room between two turns for those that come later. */
#define STEP 16
#define FIRST_SIZE_MAX 16

bool
fair_turns(struct db *tx, int64_t organization_id, int64_t *first, int64_t *step, struct err *e)
{
	int64_t front = 0, active;
	bool found;

	if (!store_slice_front(tx, &front, &found, e) || !store_batch_active(tx, organization_id, &active, e))
		return false;
	if (!found)
		front = 0;
	*first = front - 1 + STEP * active;
	*step = STEP * (active + 1);
	return true;
}

int64_t
fair_slice_size(const struct key_type *made_here, int64_t slice_size)
{
	int64_t size = slice_size;

	if (made_here != NULL && made_here->algorithm == KEY_RSA) {
		/* About a tenth of a second of one core at the rates of rsagen. */
		size = made_here->bits <= 1024	 ? 64
		       : made_here->bits <= 2048 ? 10
		       : made_here->bits <= 3072 ? 4
						 : 2;
	}
	return size < slice_size ? size : slice_size;
}

int64_t
fair_first_size(int64_t slice_size)
{
	return slice_size < FIRST_SIZE_MAX ? slice_size : FIRST_SIZE_MAX;
}
