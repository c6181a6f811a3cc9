/* session - log-in, the caller, sessions, passwords, tokens. */
#ifndef API_SESSION_H
#define API_SESSION_H

#include "http/http.h"

http_handler api_session_post, api_session_get, api_session_delete, api_session_certificate,
    api_session_organization, api_sessions_get, api_sessions_delete, api_me_get, api_password_resets_post,
    api_password_reset_use, api_tokens_get, api_tokens_post, api_tokens_delete;

#endif
