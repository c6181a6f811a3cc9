#include "api/routes.h"

#include "api/admin.h"
#include "api/batch.h"
#include "api/factor.h"
#include "api/profile.h"
#include "api/session.h"
#include "domain/actor.h"

#define V1 "/api/v1"
#define PUBLIC RIGHT_PUBLIC
#define VIEW RIGHT_VIEW
#define ORDER RIGHT_ORDER
#define REVOKE RIGHT_REVOKE
#define ADMIN RIGHT_ADMIN
#define OPERATE RIGHT_OPERATE
#define AUDIT RIGHT_AUDIT

const struct route api_routes[] = {
	/* method  pattern                                  needs    json_max  upload_max  handler */
	{ POST,   V1 "/session",                            PUBLIC,  4 * KIB,  0, api_session_post },
	{ GET,    V1 "/session",                            VIEW,    0,        0, api_session_get },
	{ DELETE, V1 "/session",                            VIEW,    0,        0, api_session_delete },
	{ GET,    V1 "/session/certificate",                PUBLIC,  0,        0, api_session_certificate },
	{ POST,   V1 "/session/organization",               VIEW,    4 * KIB,  0, api_session_organization },
	{ GET,    V1 "/sessions",                           VIEW,    0,        0, api_sessions_get },
	{ DELETE, V1 "/sessions/{session_id}",              VIEW,    0,        0, api_sessions_delete },
	{ GET,    V1 "/me",                                 VIEW,    0,        0, api_me_get },
	{ POST,   V1 "/password-resets",                    PUBLIC,  4 * KIB,  0, api_password_resets_post },
	{ POST,   V1 "/password-resets/{token}",            PUBLIC,  4 * KIB,  0, api_password_reset_use },
	{ GET,    V1 "/tokens",                             VIEW,    0,        0, api_tokens_get },
	{ POST,   V1 "/tokens",                             ADMIN,   4 * KIB,  0, api_tokens_post },
	{ DELETE, V1 "/tokens/{token_id}",                  ADMIN,   0,        0, api_tokens_delete },
	{ GET,    V1 "/ecosystems",                         VIEW,    0,        0, api_ecosystems_get },
	{ GET,    V1 "/profiles",                           VIEW,    0,        0, api_profiles_get },
	{ GET,    V1 "/profiles/{profile_id}",              VIEW,    0,        0, api_profile_get },
	{ GET,    V1 "/profiles/{profile_id}/chain.zip",    VIEW,    0,        0, api_profile_chain },
	{ GET,    V1 "/profiles/{profile_id}/template.csv", VIEW,    0,        0, api_profile_template },
	{ GET,    V1 "/batches",                            VIEW,    0,        0, api_batches_get },
	{ POST,   V1 "/batches",                            ORDER,   64 * KIB, 257 * MIB, api_batches_post },
	{ GET,    V1 "/batches/{batch_id}",                 VIEW,    0,        0, api_batch_get },
	{ GET,    V1 "/batches/{batch_id}/history",         VIEW,    0,        0, api_batch_history },
	{ GET,    V1 "/batches/{batch_id}/items",           VIEW,    0,        0, api_batch_items },
	{ GET,    V1 "/batches/{batch_id}/errors.csv",      VIEW,    0,        0, api_batch_errors },
	{ GET,    V1 "/batches/{batch_id}/events",          VIEW,    0,        0, api_batch_events },
	{ GET,    V1 "/batches/{batch_id}/download",        ORDER,   0,        0, api_batch_download },
	{ POST,   V1 "/batches/{batch_id}/reject",          ORDER,   0,        0, api_batch_reject },
	{ POST,   V1 "/batches/{batch_id}/revoke",          REVOKE,  4 * KIB,  0, api_batch_revoke },
	{ POST,   V1 "/batches/{batch_id}/approve",         ORDER,   0,        0, api_batch_approve },
	{ GET,    V1 "/events",                             VIEW,    0,        0, api_events_get },
	{ GET,    V1 "/certificates",                       VIEW,    0,        0, api_certificates_get },
	{ POST,   V1 "/certificates/revoke",                REVOKE,  MIB,      0, api_certificates_revoke },
	{ POST,   V1 "/certificates/revoke-list",           REVOKE,  4 * KIB,  7 * MIB, api_certificates_revoke_list },
	{ POST,   V1 "/certificates/release",               REVOKE,  MIB,      0, api_certificates_release },
	{ GET,    V1 "/certificates/{serial_number}",       VIEW,    0,        0, api_certificate_get },
	{ GET,    V1 "/certificates/{serial_number}.pem",   VIEW,    0,        0, api_certificate_pem },
	{ GET,    V1 "/certificates/{serial_number}.der",   VIEW,    0,        0, api_certificate_der },
	{ GET,    V1 "/organizations",                      AUDIT,   0,        0, api_organizations_get },
	{ POST,   V1 "/organizations",                      OPERATE, 64 * KIB, 0, api_organizations_post },
	{ GET,    V1 "/organizations/{organization_id}",    AUDIT,   0,        0, api_organization_get },
	{ PATCH,  V1 "/organizations/{organization_id}",    OPERATE, 64 * KIB, 0, api_organization_patch },
	{ GET,    V1 "/organizations/{organization_id}/security-settings",
	                                                    AUDIT,   0,        0, api_security_settings_get },
	{ PUT,    V1 "/organizations/{organization_id}/security-settings",
	                                                    ADMIN,   4 * KIB,  0, api_security_settings_put },
	{ GET,    V1 "/organizations/{organization_id}/quota",
	                                                    VIEW,    0,        0, api_quota_get },
	{ PUT,    V1 "/organizations/{organization_id}/grants/{profile_id}",
	                                                    OPERATE, 0,        0, api_grant_put },
	{ DELETE, V1 "/organizations/{organization_id}/grants/{profile_id}",
	                                                    OPERATE, 0,        0, api_grant_delete },
	{ GET,    V1 "/organizations/{organization_id}/quota/{profile_id}/entries",
	                                                    VIEW,    0,        0, api_quota_entries_get },
	{ POST,   V1 "/organizations/{organization_id}/quota/{profile_id}/entries",
	                                                    OPERATE, 4 * KIB,  0, api_quota_entries_post },
	{ GET,    V1 "/users",                              AUDIT,   0,        0, api_users_get },
	{ POST,   V1 "/users",                              ADMIN,   4 * KIB,  0, api_users_post },
	{ GET,    V1 "/users/{user_id}",                    AUDIT,   0,        0, api_user_get },
	{ PATCH,  V1 "/users/{user_id}",                    ADMIN,   4 * KIB,  0, api_user_patch },
	{ GET,    V1 "/users/{user_id}/memberships",        AUDIT,   0,        0, api_memberships_get },
	{ PUT,    V1 "/users/{user_id}/memberships/{organization_id}",
	                                                    ADMIN,   16 * KIB, 0, api_membership_put },
	{ DELETE, V1 "/users/{user_id}/memberships/{organization_id}",
	                                                    ADMIN,   0,        0, api_membership_delete },
	{ GET,    V1 "/users/{user_id}/certificates",       AUDIT,   0,        0, api_user_certificates_get },
	{ DELETE, V1 "/users/{user_id}/certificates/{sha256}",
	                                                    ADMIN,   0,        0, api_user_certificate_delete },
	{ GET,    V1 "/audit",                              AUDIT,   0,        0, api_audit_get },
	{ GET,    V1 "/audit.csv",                          AUDIT,   0,        0, api_audit_csv },
	{ GET,    V1 "/dashboard",                          VIEW,    0,        0, api_dashboard_get },
	{ GET,    V1 "/cas",                                VIEW,    0,        0, api_cas_get },
	{ POST,   V1 "/session/passkey",                    PUBLIC,  32 * KIB, 0, api_session_passkey },
	{ GET,    V1 "/me/passkeys",                        VIEW,    0,        0, api_passkeys_get },
	{ POST,   V1 "/me/passkeys",                        VIEW,    32 * KIB, 0, api_passkeys_post },
	{ POST,   V1 "/me/passkeys/options",                VIEW,    0,        0, api_passkey_options },
	{ DELETE, V1 "/me/passkeys/{passkey_id}",           VIEW,    0,        0, api_passkey_delete },
	{ GET,    V1 "/enrolments/{token}",                 PUBLIC,  0,        0, api_enrolment_get },
	{ POST,   V1 "/enrolments/{token}",                 PUBLIC,  32 * KIB, 0, api_enrolment_post },
	{ POST,   V1 "/enrolments/{token}/passkey-options", PUBLIC,  0,        0, api_enrolment_passkey_options },
	{ POST,   V1 "/enrolments/{token}/passkeys",        PUBLIC,  32 * KIB, 0, api_enrolment_passkey_post },
	{ GET,    V1 "/users/{user_id}/invitations",        AUDIT,   0,        0, api_invitations_get },
	{ POST,   V1 "/users/{user_id}/invitations",        ADMIN,   0,        0, api_invitations_post },
	{ DELETE, V1 "/users/{user_id}/invitations/{invitation_id}",
	                                                    ADMIN,   0,        0, api_invitation_delete },
	{ GET,    V1 "/users/{user_id}/passkeys",           AUDIT,   0,        0, api_user_passkeys_get },
	{ DELETE, V1 "/users/{user_id}/passkeys/{passkey_id}",
	                                                    ADMIN,   0,        0, api_user_passkey_delete },
};
const size_t api_routes_n = COUNT(api_routes);
