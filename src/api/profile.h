/* profile - what can be ordered, and the caller's view of it. */
#ifndef API_PROFILE_H
#define API_PROFILE_H

#include "domain/app.h"
#include "domain/profile/profile.h"
#include "http/http.h"

http_handler api_ecosystems_get, api_ecosystem_put, api_profiles_get, api_profile_get, api_profile_chain, api_profile_template;
http_handler api_profiles_post, api_profile_sample, api_profile_versions_get, api_profile_versions_post,
    api_profile_version_get, api_profile_version_changes;

/* Who one is, for whom one acts, and with what; cookie NULL: no session. */
must_check bool me_json(struct app *, const struct actor *, const char *cookie, struct arena *, json_t **,
    struct err *);
json_t *profile_summary_json(const struct actor *, const struct profile_ref *);
json_t *quota_json(const struct quota *);
json_t *key_type_json(struct key_type);
json_t *methods_json(unsigned methods);

#endif
