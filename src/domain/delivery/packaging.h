/*
 * packaging - which files a batch's download holds for each device.
 *
 * Keys made here leave only encrypted under the orderer's password, so what holds them is made when
 * the certificates are, as the order says: PKCS#12 files, or what factory tools read (certificate and
 * PKCS#8 key in DER) with the key as an AES-256 encrypted entry of the archive.  What holds certificates
 * alone can be made of any batch, whenever it is asked for.
 */
#ifndef DOMAIN_PACKAGING_H
#define DOMAIN_PACKAGING_H

#include "base/err.h"
#include "base/str.h"
#include "x509/der.h"
#include "x509/profile/profile.h"

enum packaging {
	PACKAGING_P12,			/* AA-BB-….p12 */
	PACKAGING_FACTORY_FLAT,		/* AA-BB-….cer, AA-BB-….prv */
	PACKAGING_FACTORY_FOLDER,	/* AA-BB-…/AA-BB-…_Cert.der, AA-BB-…/AA-BB-…_privkey.der */
	PACKAGING_PEM,			/* AA-BB-….pem */
	PACKAGING_DER,			/* AA-BB-….cer */
	PACKAGING_P7B,			/* AA-BB-….p7b: with the chain above it */
	PACKAGING_FOLDER,		/* AA-BB-…/AA-BB-….pem, .cer and .p7b */
	PACKAGINGS
};

/* "p12", "factory_flat", "factory_folder", "pem", "der", "p7b", "folder"; NULL-terminated for decoders. */
extern const char *const packaging_names[];
enum packaging packaging_parse(const char *);	/* PACKAGINGS: none */
bool packaging_has_keys(enum packaging);
/* How many files it has for a device. */
size_t packaging_files_each(enum packaging);

/* What orders of this profile whose keys are made here may ask for; the default first. */
size_t packaging_ordered(const struct profile *, enum packaging out[PACKAGINGS]);
/* What a batch was ordered in, of its JSON. */
must_check bool packaging_of(const char *json, enum packaging *, struct err *);
/* Whether the download of a batch ordered as `ordered` can be had as `wanted`. */
bool packaging_available(enum packaging ordered, enum packaging wanted);

#define PACKAGING_FILES_MAX 3
#define PACKAGING_STEM_MAX 40
struct packaged_file {
	char		 name[2 * PACKAGING_STEM_MAX + 20];
	const void	*p;		/* as it stands in the archive */
	size_t		 len;
	bool		 sealed;	/* encrypted: p is its sealed form */
};
struct packaged_from {
	struct der	 cert;
	struct der	 file;		/* PKCS#12 file, or the sealed form of a PKCS#8 key; or none */
	const struct der *chain;	/* above the certificate, for .p7b */
	size_t		 chain_n;
};
/*
 * The files of a device whose names begin with `stem` (up to PACKAGING_STEM_MAX characters); the main one
 * is the first.  What is made on the way lives in `room`.
 */
must_check bool packaging_files(enum packaging, const char *stem, const struct packaged_from *,
    struct str room[PACKAGING_FILES_MAX], struct packaged_file out[PACKAGING_FILES_MAX], struct err *);

#endif
