/*
 * token_module - a PKCS#11 module loaded once, and the way from a URI to a session on its token.
 */
#ifndef SIGNER_TOKEN_MODULE_H
#define SIGNER_TOKEN_MODULE_H

#include <p11-kit/pkcs11.h>
#include <p11-kit/uri.h>
#include <stdbool.h>

#include "base/err.h"
#include "base/own.h"
#include "signer/token/token.h"

struct secret;

OWN_TYPE(P11KitUri, p11_kit_uri_free)

/* A parsed URI with what it takes to log in. */
struct token_place {
	P11KitUri		*uri;
	CK_FUNCTION_LIST_PTR	 fn;
	struct secret		*pin;		/* NULL: no log-in */
	char			 token[33];	/* label, for messages */
};

must_check bool token_place_init(struct token_place *, const char *uri, const struct token_conf *, struct err *);
void token_place_clear(struct token_place *);
/* Finds the token's slot; ERR_NOT_FOUND token_key. */
must_check bool token_slot(const struct token_place *, CK_SLOT_ID *, struct err *);
/* Read-write where keys are to be made. */
must_check bool token_session(const struct token_place *, CK_SLOT_ID, bool write, CK_SESSION_HANDLE *, struct err *);
must_check bool token_login(const struct token_place *, CK_SESSION_HANDLE, struct err *);
/* The URI's object of a class; *found says whether there is one. */
must_check bool token_object(const struct token_place *, CK_SESSION_HANDLE, CK_OBJECT_CLASS, CK_OBJECT_HANDLE *,
    bool *found, struct err *);
/* ERR_UNAVAILABLE token_failed.  Always false. */
bool token_fail(struct err *, const char *call, CK_RV);

#endif
