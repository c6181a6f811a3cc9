#include "signer/token/token_module.h"

#include <dlfcn.h>
#include <pthread.h>
#include <string.h>

#include "base/secret.h"
#include "signer/files.h"

struct module {
	char			*path;
	void			*handle;
	CK_FUNCTION_LIST_PTR	 fn;
	struct module		*next;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct module *modules;

bool
token_fail(struct err *e, const char *call, CK_RV rv)
{
	return err_set(e, ERR_UNAVAILABLE, "token_failed", "the PKCS#11 token refused %s (CKR 0x%lx)", call,
	    (unsigned long)rv);
}

/* With the lock held. */
static bool
module_load(const char *path, CK_FUNCTION_LIST_PTR *fn, struct err *e)
{
	CK_C_INITIALIZE_ARGS args = { .flags = CKF_OS_LOCKING_OK };
	CK_C_GetFunctionList get;
	struct module *m;
	void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	CK_RV rv;

	if (handle == NULL)
		return err_set(e, ERR_INVALID, "token_module", "cannot load the PKCS#11 module %.100s: %.60s", path,
		    dlerror());
	*(void **)(void *)&get = dlsym(handle, "C_GetFunctionList");
	if (get == NULL || get(fn) != CKR_OK) {
		dlclose(handle);
		return err_set(e, ERR_INVALID, "token_module", "%.120s is no PKCS#11 module", path);
	}
	rv = (*fn)->C_Initialize(&args);
	if (rv != CKR_OK && rv != CKR_CRYPTOKI_ALREADY_INITIALIZED) {
		dlclose(handle);
		return token_fail(e, "C_Initialize", rv);
	}
	m = calloc(1, sizeof(*m));
	if (m == NULL || (m->path = strdup(path)) == NULL)
		abort();
	m->handle = handle;
	m->fn = *fn;
	m->next = modules;
	modules = m;
	return true;
}

static bool
module_get(const char *path, CK_FUNCTION_LIST_PTR *fn, struct err *e)
{
	bool ok = true, known = false;

	pthread_mutex_lock(&lock);
	for (struct module *m = modules; m != NULL && !known; m = m->next)
		if (strcmp(m->path, path) == 0) {
			*fn = m->fn;
			known = true;
		}
	if (!known)
		ok = module_load(path, fn, e);
	pthread_mutex_unlock(&lock);
	return ok;
}

void
token_close_all(void)
{
	pthread_mutex_lock(&lock);
	while (modules != NULL) {
		struct module *m = modules;

		modules = m->next;
		m->fn->C_Finalize(NULL);
		dlclose(m->handle);
		free(m->path);
		free(m);
	}
	pthread_mutex_unlock(&lock);
}

static bool
pin_get(struct token_place *t, const struct token_conf *c, struct err *e)
{
	const char *source = p11_kit_uri_get_pin_source(t->uri), *value = p11_kit_uri_get_pin_value(t->uri);

	if (source == NULL)
		source = p11_kit_uri_get_pinfile(t->uri);
	if (source == NULL && value != NULL) {
		t->pin = secret_from(value, strlen(value));
		return true;
	}
	if (source == NULL)
		source = c->pin_file;
	if (source == NULL)
		return true;
	if (strncmp(source, "file:", 5) == 0)
		source += 5;
	if (!file_read_secret(source, 256, &t->pin, e))
		return false;
	while (t->pin->len > 0 && (t->pin->p[t->pin->len - 1] == '\n' || t->pin->p[t->pin->len - 1] == '\r'))
		t->pin->p[--t->pin->len] = '\0';
	return true;
}

/* A label is 32 octets filled up with blanks. */
static void
label_of(const P11KitUri *uri, char out[33])
{
	const CK_TOKEN_INFO *info = p11_kit_uri_get_token_info((P11KitUri *)(uintptr_t)uri);
	size_t n = 32;

	memcpy(out, info->label, 32);
	while (n > 0 && (out[n - 1] == ' ' || out[n - 1] == '\0' || (unsigned char)out[n - 1] == 0xff))
		n--;
	out[n] = '\0';
}

bool
token_place_init(struct token_place *t, const char *text, const struct token_conf *c, struct err *e)
{
	const char *path;
	int rc;

	memset(t, 0, sizeof(*t));
	t->uri = p11_kit_uri_new();
	if (t->uri == NULL)
		abort();
	rc = p11_kit_uri_parse(text, P11_KIT_URI_FOR_ANY, t->uri);
	if (rc != P11_KIT_URI_OK || p11_kit_uri_any_unrecognized(t->uri))
		return err_set(e, ERR_INVALID, "token_uri", "not a PKCS#11 URI (RFC 7512): %s",
		    rc != P11_KIT_URI_OK ? p11_kit_uri_message(rc) : "unknown attribute");
	if (p11_kit_uri_get_attribute(t->uri, CKA_LABEL) == NULL && p11_kit_uri_get_attribute(t->uri, CKA_ID) == NULL)
		return err_set(e, ERR_INVALID, "token_uri", "the PKCS#11 URI names no key: add object= or id=");
	label_of(t->uri, t->token);
	path = p11_kit_uri_get_module_path(t->uri);
	if (path == NULL)
		path = c->module;
	if (path == NULL)
		return err_set(e, ERR_INVALID, "token_module",
		    "which PKCS#11 module? Set [pkcs11] module or the URI's module-path");
	return module_get(path, &t->fn, e) && pin_get(t, c, e);
}

void
token_place_clear(struct token_place *t)
{
	if (t->uri != NULL)
		p11_kit_uri_free(t->uri);
	secret_free(t->pin);
	memset(t, 0, sizeof(*t));
}

bool
token_slot(const struct token_place *t, CK_SLOT_ID *out, struct err *e)
{
	CK_SLOT_ID slots[64];
	CK_ULONG n = COUNT(slots);
	CK_RV rv = t->fn->C_GetSlotList(CK_TRUE, slots, &n);

	if (rv != CKR_OK)
		return token_fail(e, "C_GetSlotList", rv);
	for (CK_ULONG i = 0; i < n; i++) {
		CK_TOKEN_INFO info;

		if (t->fn->C_GetTokenInfo(slots[i], &info) != CKR_OK || (info.flags & CKF_TOKEN_INITIALIZED) == 0)
			continue;
		if (p11_kit_uri_match_token_info(t->uri, &info) == 1) {
			*out = slots[i];
			return true;
		}
	}
	return err_set(e, ERR_NOT_FOUND, "token_key", "there is no PKCS#11 token \"%s\"", t->token);
}

bool
token_session(const struct token_place *t, CK_SLOT_ID slot, bool write, CK_SESSION_HANDLE *out, struct err *e)
{
	CK_RV rv = t->fn->C_OpenSession(slot, CKF_SERIAL_SESSION | (write ? CKF_RW_SESSION : 0), NULL, NULL, out);

	return rv == CKR_OK || token_fail(e, "C_OpenSession", rv);
}

bool
token_login(const struct token_place *t, CK_SESSION_HANDLE session, struct err *e)
{
	CK_RV rv;

	if (t->pin == NULL)
		return true;
	rv = t->fn->C_Login(session, CKU_USER, t->pin->p, t->pin->len);
	if (rv == CKR_PIN_INCORRECT || rv == CKR_PIN_LOCKED)
		return err_set(e, ERR_INVALID, "token_pin", "the PIN of PKCS#11 token \"%s\" is wrong%s", t->token,
		    rv == CKR_PIN_LOCKED ? " and locked" : "");
	return rv == CKR_OK || rv == CKR_USER_ALREADY_LOGGED_IN || token_fail(e, "C_Login", rv);
}

bool
token_object(const struct token_place *t, CK_SESSION_HANDLE session, CK_OBJECT_CLASS class, CK_OBJECT_HANDLE *out,
    bool *found, struct err *e)
{
	CK_ATTRIBUTE_PTR label = p11_kit_uri_get_attribute(t->uri, CKA_LABEL);
	CK_ATTRIBUTE_PTR id = p11_kit_uri_get_attribute(t->uri, CKA_ID);
	CK_ATTRIBUTE a[3] = { { CKA_CLASS, &class, sizeof(class) } };
	CK_OBJECT_HANDLE objects[2];
	CK_ULONG n = 1, got = 0;
	CK_RV rv;

	if (label != NULL)
		a[n++] = *label;
	if (id != NULL)
		a[n++] = *id;
	rv = t->fn->C_FindObjectsInit(session, a, n);
	if (rv != CKR_OK)
		return token_fail(e, "C_FindObjectsInit", rv);
	rv = t->fn->C_FindObjects(session, objects, COUNT(objects), &got);
	t->fn->C_FindObjectsFinal(session);
	if (rv != CKR_OK)
		return token_fail(e, "C_FindObjects", rv);
	if (got > 1)
		return err_set(e, ERR_INVALID, "token_key",
		    "the PKCS#11 URI names several keys on \"%s\": add id=", t->token);
	*found = got == 1;
	if (*found)
		*out = objects[0];
	return true;
}
