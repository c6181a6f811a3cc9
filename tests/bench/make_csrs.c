/*
 * make_csrs - certificate requests for benches: N of them, each with a key of its own, CN a MAC address that
 * counts up from START.
 *
 *	make_csrs N p256|rsa2048 START_HEX OUT.pem
 * RSA keys come from a ring of 20 with the requests' subjects differing: good for a limit, refused by an order
 * (a key is certified once), so N <= 20 there.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

static EVP_PKEY *
key_make(const char *kind)
{
	return strcmp(kind, "p256") == 0 ? EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256")
	    : EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
}

static int
request_write(FILE *out, EVP_PKEY *key, uint64_t mac)
{
	X509_REQ *r = X509_REQ_new();
	X509_NAME *name = X509_REQ_get_subject_name(r);
	char cn[18];
	int ok;

	(void)snprintf(cn, sizeof(cn), "%02X:%02X:%02X:%02X:%02X:%02X", (unsigned)(mac >> 40 & 255),
	    (unsigned)(mac >> 32 & 255), (unsigned)(mac >> 24 & 255), (unsigned)(mac >> 16 & 255),
	    (unsigned)(mac >> 8 & 255), (unsigned)(mac & 255));
	ok = X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)cn, -1, -1, 0) == 1 &&
	    X509_REQ_set_pubkey(r, key) == 1 && X509_REQ_sign(r, key, EVP_sha256()) > 0 &&
	    PEM_write_X509_REQ(out, r) == 1;
	X509_REQ_free(r);
	return ok;
}

int
main(int argc, char **argv)
{
	uint64_t start;
	long n;
	FILE *out;

	if (argc != 5 || (n = atol(argv[1])) < 1 || (out = fopen(argv[4], "w")) == NULL) {
		(void)fprintf(stderr, "usage: make_csrs N p256|rsa2048 START_HEX OUT.pem\n");
		return 2;
	}
	start = strtoull(argv[3], NULL, 16);
	for (long i = 0; i < n; i++) {
		EVP_PKEY *key = key_make(argv[2]);

		if (key == NULL || !request_write(out, key, start + (uint64_t)i)) {
			(void)fprintf(stderr, "make_csrs: libcrypto failed\n");
			return 1;
		}
		EVP_PKEY_free(key);
	}
	return fclose(out) == 0 ? 0 : 1;
}
