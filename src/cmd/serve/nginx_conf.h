/*
 * nginx_conf - the configuration of the nginx in front: generated, tested, never edited by hand.
 *
 * Everything lies below [nginx] dir: nginx.conf, what it includes, its pid, logs and temporary files.
 * docs/nginx.md says why each part is there.
 */
#ifndef CMD_NGINX_CONF_H
#define CMD_NGINX_CONF_H

#include "cmd/config.h"

/* Makes the directories and writes the files anew. */
must_check bool nginx_conf_write(const struct config *, struct err *);
/* `nginx -t`; ERR_INVALID "nginx" with the first thing it complains of. */
must_check bool nginx_conf_test(const struct config *, struct err *);
/* argv of an nginx on this configuration; freed with the config. */
const char *const *nginx_argv(const struct config *);

/*
 * As root, nginx's workers run as another user: the group that the daemons' sockets are given to.  NULL when they
 * run as ourselves.
 */
const char *nginx_socket_group(const struct config *);

#endif
