/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
#ifndef _QSC_SYSTEMD_H
#define _QSC_SYSTEMD_H

/* Tell systemd "READY=1" and the like, if it has started this process. */
void tell_systemd(const char *text);

#endif /* _QSC_SYSTEMD_H */
