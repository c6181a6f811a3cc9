/* batch - orders, their progress and their results over the API. */
#ifndef API_BATCH_H
#define API_BATCH_H

#include "domain/batch/batch.h"
#include "http/http.h"

http_handler api_batches_get, api_batches_post, api_batch_get, api_batch_history, api_batch_items, api_batch_errors,
    api_batch_events, api_batch_download, api_batch_reject, api_batch_revoke, api_batch_approve, api_events_get;
http_handler api_certificates_get, api_certificates_revoke, api_certificate_get, api_certificate_pem,
    api_certificate_der, api_certificates_revoke_list, api_certificates_release;

/* As the one who asks sees it: `actions` are his. */
json_t *batch_json(const struct batch *, const struct actor *);

/* After http_server_stop, before the store is closed: the thread behind event streams is gone then. */
void api_events_stop(void);

#endif
