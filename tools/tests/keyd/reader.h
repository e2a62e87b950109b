/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/*
 * A reader that has a card, in the place of PC/SC's; what the card says is the
 * test's affair. To be included by one file of a program, after keyd_test.h.
 */
#ifndef _QSC_TESTS_KEYD_READER_H
#define _QSC_TESTS_KEYD_READER_H

#include "pcsc.h"

LONG __wrap_SCardConnect(SCARDCONTEXT context, LPCSTR reader, DWORD mode, DWORD protocols,
			 LPSCARDHANDLE handle, LPDWORD protocol);
LONG __wrap_SCardBeginTransaction(SCARDHANDLE handle);
LONG __wrap_SCardEndTransaction(SCARDHANDLE handle, DWORD how);
LONG __wrap_SCardDisconnect(SCARDHANDLE handle, DWORD how);
LONG __wrap_SCardTransmit(SCARDHANDLE handle, const SCARD_IO_REQUEST *pci, LPCBYTE in, DWORD in_len,
			  SCARD_IO_REQUEST *back, LPBYTE out, LPDWORD out_len);

LONG __wrap_SCardConnect(SCARDCONTEXT context, LPCSTR reader, DWORD mode, DWORD protocols,
			 LPSCARDHANDLE handle, LPDWORD protocol)
{
	(void)context;
	(void)reader;
	(void)protocols;
	assert_int_equal(mode, SCARD_SHARE_SHARED);
	*handle = 1;
	*protocol = SCARD_PROTOCOL_T1;
	return SCARD_S_SUCCESS;
}

LONG __wrap_SCardBeginTransaction(SCARDHANDLE handle)
{
	(void)handle;
	return SCARD_S_SUCCESS;
}

LONG __wrap_SCardEndTransaction(SCARDHANDLE handle, DWORD how)
{
	(void)handle;
	(void)how;
	return SCARD_S_SUCCESS;
}

LONG __wrap_SCardDisconnect(SCARDHANDLE handle, DWORD how)
{
	(void)handle;
	(void)how;
	return SCARD_S_SUCCESS;
}

#endif /* _QSC_TESTS_KEYD_READER_H */
