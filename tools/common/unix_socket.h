/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
#ifndef _QSC_UNIX_SOCKET_H
#define _QSC_UNIX_SOCKET_H

/**
 * unix_socket_listen() - a listening stream socket that does not block
 * @path: where; one that was left there by a process that is gone is replaced
 * @group: whose members may connect, too, or NULL for the owner alone
 *
 * Return: the descriptor, -EADDRINUSE if somebody answers there, -ENOENT if
 * there is no such group or folder, or another negative errno
 */
int unix_socket_listen(const char *path, const char *group);

#endif /* _QSC_UNIX_SOCKET_H */
