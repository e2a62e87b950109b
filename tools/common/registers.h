/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
#ifndef _QSC_REGISTERS_H
#define _QSC_REGISTERS_H

/*
 * Vector registers hold what memcpy() or a cipher had in them last, and the
 * kernel keeps a copy with each thread that does not run. Overwrite them.
 */
void registers_wipe(void);

#endif /* _QSC_REGISTERS_H */
