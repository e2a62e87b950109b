/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
#ifndef _QSKEYD_DROP_H
#define _QSKEYD_DROP_H

/**
 * drop_privileges() - keep CAP_NET_ADMIN and nothing else, for good
 * @user: whom to become, or NULL to stay who we are
 *
 * Before there are other threads. Return: 0 or a negative errno; says itself
 * what is wrong
 */
int drop_privileges(const char *user);

#endif /* _QSKEYD_DROP_H */
