#include "domain/room.h"

#include <stdint.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "store/slice.h"

/* What a device takes, generously: rows, indexes, DER and an RSA key's PKCS#12; its record. */
#define STORE_OCTETS 8192
#define JOURNAL_OCTETS 2048
#define RETRY_S 30

struct disk {
	bool		 there;
	dev_t		 device;
	uint64_t	 free;
};

static struct disk
disk_of(const char *dir)
{
	struct statvfs v;
	struct stat st;

	if (dir == NULL || stat(dir, &st) != 0 || statvfs(dir, &v) != 0)
		return (struct disk){ .there = false };
	return (struct disk){ .there = true, .device = st.st_dev, .free = (uint64_t)v.f_bavail * v.f_frsize };
}

static bool
waiting_tx(struct db *db, void *arg, struct err *e)
{
	return store_slice_waiting_items(db, arg, e);
}

static bool
full(const char *whose, struct err *e)
{
	(void)err_set(e, ERR_UNAVAILABLE, "disk_full",
	    "the disk of the %s has too little room left: no order is taken until there is more", whose);
	e->retry_after_s = RETRY_S;
	return false;
}

bool
room_for(const struct app *app, int64_t devices, struct err *e)
{
	struct disk store = disk_of(app->store_dir), journal = disk_of(app->journal_dir);
	uint64_t store_needs, journal_needs, least = (uint64_t)app->free_min;
	int64_t waiting = 0;

	if (!store.there && !journal.there)
		return true;
	if (!app_tx(app, DB_READ, waiting_tx, &waiting, e))
		return false;
	store_needs = (uint64_t)(devices + waiting) * STORE_OCTETS;
	journal_needs = (uint64_t)(devices + waiting) * JOURNAL_OCTETS;
	if (store.there && journal.there && store.device == journal.device)
		store_needs = journal_needs = store_needs + journal_needs;
	if (store.there && store.free < least + store_needs)
		return full("store", e);
	return !journal.there || journal.free >= least + journal_needs || full("signer's journal", e);
}
