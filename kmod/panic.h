/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _QSC_PANIC_H
#define _QSC_PANIC_H

/**
 * qsc_panic_wipe() - zero all keys where they are, for nobody will free them
 *
 * Context: any; the other CPUs have stopped, whatever they were doing.
 * Return: how many keys there were.
 */
unsigned int qsc_panic_wipe(void);

void qsc_panic_module_init(void);
void qsc_panic_module_exit(void);

#endif /* _QSC_PANIC_H */
