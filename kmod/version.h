/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _QSC_VERSION_H
#define _QSC_VERSION_H

#define QSC_VERSION "0.1.0"

#endif /* _QSC_VERSION_H */
