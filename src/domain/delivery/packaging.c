#include "domain/delivery/packaging.h"

#include <jansson.h>
#include <string.h>

#include "x509/cert.h"

const char *const packaging_names[] = {
	[PACKAGING_P12] = "p12", [PACKAGING_FACTORY_FLAT] = "factory_flat",
	[PACKAGING_FACTORY_FOLDER] = "factory_folder", [PACKAGING_PEM] = "pem", [PACKAGING_DER] = "der",
	[PACKAGING_P7B] = "p7b", [PACKAGING_FOLDER] = "folder", [PACKAGINGS] = NULL,
};

enum content { PKCS12, CER, SEALED_KEY, PEM, P7B };

/* %s is the stem. */
static const struct {
	size_t	 n;
	struct {
		enum content	 content;
		bool		 in_folder;
		const char	*suffix;
	} file[PACKAGING_FILES_MAX];
} layouts[] = {
	[PACKAGING_P12] = { 1, { { PKCS12, false, ".p12" } } },
	[PACKAGING_FACTORY_FLAT] = { 2, { { CER, false, ".cer" }, { SEALED_KEY, false, ".prv" } } },
	[PACKAGING_FACTORY_FOLDER] = { 2, { { CER, true, "_Cert.der" }, { SEALED_KEY, true, "_privkey.der" } } },
	[PACKAGING_PEM] = { 1, { { PEM, false, ".pem" } } },
	[PACKAGING_DER] = { 1, { { CER, false, ".cer" } } },
	[PACKAGING_P7B] = { 1, { { P7B, false, ".p7b" } } },
	[PACKAGING_FOLDER] = { 3, { { PEM, true, ".pem" }, { CER, true, ".cer" }, { P7B, true, ".p7b" } } },
};

enum packaging
packaging_parse(const char *name)
{
	for (int i = 0; name != NULL && i < PACKAGINGS; i++)
		if (strcmp(packaging_names[i], name) == 0)
			return (enum packaging)i;
	return PACKAGINGS;
}

bool
packaging_has_keys(enum packaging p)
{
	return p == PACKAGING_P12 || p == PACKAGING_FACTORY_FLAT || p == PACKAGING_FACTORY_FOLDER;
}

size_t
packaging_files_each(enum packaging p)
{
	return layouts[p].n;
}

size_t
packaging_ordered(const struct profile *doc, enum packaging out[PACKAGINGS])
{
	static const struct { unsigned bit; enum packaging packaging; } formats[] = {
		{ FORMAT_P12, PACKAGING_P12 }, { FORMAT_FACTORY_FLAT, PACKAGING_FACTORY_FLAT },
		{ FORMAT_FACTORY_FOLDER, PACKAGING_FACTORY_FOLDER },
	};
	unsigned allowed = profile_download(doc)->formats;
	size_t n = 0;

	for (size_t i = 0; i < COUNT(formats); i++)
		if ((allowed & formats[i].bit) != 0)
			out[n++] = formats[i].packaging;
	/* A profile that names nothing with a key in it: the key must not be lost. */
	if (n == 0)
		out[n++] = PACKAGING_P12;
	return n;
}

bool
packaging_of(const char *json, enum packaging *out, struct err *e)
{
	json_t *o = json_loads(json, 0, NULL);

	*out = packaging_parse(json_string_value(json_object_get(o, "format")));
	json_decref(o);
	return *out != PACKAGINGS || err_sys(e, "the batch's packaging cannot be read");
}

bool
packaging_available(enum packaging ordered, enum packaging wanted)
{
	return wanted == ordered || !packaging_has_keys(wanted);
}

static bool
bundle(const struct packaged_from *from, struct str *room, struct err *e)
{
	struct der certs[1 + 16];
	size_t n = 0;

	certs[n++] = from->cert;
	for (size_t i = 0; i < from->chain_n && n < COUNT(certs); i++)
		certs[n++] = from->chain[i];
	return cert_bundle(certs, n, room, e);
}

bool
packaging_files(enum packaging p, const char *stem, const struct packaged_from *from,
    struct str room[PACKAGING_FILES_MAX], struct packaged_file out[PACKAGING_FILES_MAX], struct err *e)
{
	for (size_t i = 0; i < layouts[p].n; i++) {
		struct packaged_file *f = &out[i];
		const char *folder = layouts[p].file[i].in_folder ? stem : "";

		(void)snprintf(f->name, sizeof(f->name), "%s%s%s%s", folder, folder[0] == '\0' ? "" : "/", stem,
		    layouts[p].file[i].suffix);
		f->sealed = layouts[p].file[i].content == SEALED_KEY;
		str_clear(&room[i]);
		switch (layouts[p].file[i].content) {
		case PKCS12:
		case SEALED_KEY:
			f->p = from->file.p;
			f->len = from->file.len;
			if (f->p == NULL)
				return err_sys(e, "a device has no key file");
			continue;
		case CER:
			f->p = from->cert.p;
			f->len = from->cert.len;
			continue;
		case PEM:
			pem_encode("CERTIFICATE", from->cert.p, from->cert.len, &room[i]);
			break;
		case P7B:
			if (!bundle(from, &room[i], e))
				return false;
			break;
		}
		f->p = room[i].p;
		f->len = room[i].len;
	}
	return true;
}
