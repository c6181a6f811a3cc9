/* admin - what administrators, operators and auditors see and change. */
#ifndef API_ADMIN_H
#define API_ADMIN_H

#include "domain/app.h"
#include "http/http.h"

http_handler api_organizations_get, api_organizations_post, api_organization_get, api_organization_patch;
http_handler api_security_settings_get, api_security_settings_put;
http_handler api_quota_get, api_grant_put, api_grant_delete, api_quota_entries_get, api_quota_entries_post;
http_handler api_users_get, api_users_post, api_user_get, api_user_patch;
http_handler api_memberships_get, api_membership_put, api_membership_delete;
http_handler api_user_certificates_get, api_user_certificate_delete;
http_handler api_audit_get, api_audit_csv;
http_handler api_cas_get, api_dashboard_get;

/* {"id","name"} */
json_t *reference_json(int64_t id, const char *name);

#endif
