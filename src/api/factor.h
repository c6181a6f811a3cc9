/* factor - second factors over the API: invitations, enrolment, passkeys. */
#ifndef API_FACTOR_H
#define API_FACTOR_H

#include "domain/account/passkey.h"
#include "http/http.h"
#include "store/user.h"

http_handler api_invitations_get, api_invitations_post, api_invitation_delete;
http_handler api_enrolment_get, api_enrolment_post, api_enrolment_passkey_options, api_enrolment_passkey_post;
http_handler api_session_passkey, api_passkeys_get, api_passkeys_post, api_passkey_options, api_passkey_delete;
http_handler api_user_passkeys_get, api_user_passkey_delete;

/* For the first step's answer; NULL when a passkey will not do. */
json_t *passkey_request_json(const struct passkey_request *);
/* As lists of admin certificates show one. */
json_t *user_certificate_json(const struct user_certificate *);

#endif
