#include "domain/order/room.h"

#include <sys/stat.h>
#include <sys/statvfs.h>

#include "store/slice.h"

/* What a device takes, generously: rows, indexes, DER and an RSA key's PKCS#12; its record. */
#define STORE_OCTETS 8192
#define JOURNAL_OCTETS 2048
#define RETRY_S 30

static struct room_disk
disk_of(const char *name, const char *dir)
{
	struct statvfs v;
	struct stat st;

	if (dir == NULL || stat(dir, &st) != 0 || statvfs(dir, &v) != 0)
		return (struct room_disk){ .name = name };
	return (struct room_disk){ .name = name, .there = true, .device = st.st_dev,
	    .free = (uint64_t)v.f_bavail * v.f_frsize };
}

void
room_disks(const struct app *app, struct room_disk out[ROOM_DISKS])
{
	out[0] = disk_of("store", app->store_dir);
	out[1] = disk_of("journal", app->journal_dir);
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
	struct room_disk disks[ROOM_DISKS], store, journal;
	uint64_t store_needs, journal_needs, least = (uint64_t)app->free_min;
	int64_t waiting = 0;

	room_disks(app, disks);
	store = disks[0];
	journal = disks[1];
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
