/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An IFD handler for the pcscd under test: libifdvpcd with one slot, where it has two.
 *
 * Each reader has a build of this, with a copy of libifdvpcd.so of its own: the path LIBIFDVPCD. For libifdvpcd keeps one
 * array of slots for all readers that load the same file.
 */
#include <dlfcn.h>
#include <stddef.h>

#include <ifdhandler.h>

static void *driver_function(const char *name)
{
	static void *driver;

	if (driver == NULL)
		driver = dlopen(LIBIFDVPCD, RTLD_NOW | RTLD_LOCAL);
	return driver == NULL ? NULL : dlsym(driver, name);
}

#define CALL(name, arguments) ((__typeof__(name) *)driver_function(#name)) arguments
#define FORWARD(name, parameters, arguments) \
	RESPONSECODE name parameters { return CALL(name, arguments); }

RESPONSECODE IFDHGetCapabilities(DWORD Lun, DWORD Tag, PDWORD Length, PUCHAR Value)
{
	if (Tag != TAG_IFD_SLOTS_NUMBER)
		return CALL(IFDHGetCapabilities, (Lun, Tag, Length, Value));

	*Length = 1;
	*Value = 1;
	return IFD_SUCCESS;
}

FORWARD(IFDHCreateChannel, (DWORD Lun, DWORD Channel), (Lun, Channel))
FORWARD(IFDHCreateChannelByName, (DWORD Lun, LPSTR DeviceName), (Lun, DeviceName))
FORWARD(IFDHCloseChannel, (DWORD Lun), (Lun))
FORWARD(IFDHSetCapabilities, (DWORD Lun, DWORD Tag, DWORD Length, PUCHAR Value), (Lun, Tag, Length, Value))
FORWARD(IFDHSetProtocolParameters,
	(DWORD Lun, DWORD Protocol, UCHAR Flags, UCHAR PTS1, UCHAR PTS2, UCHAR PTS3),
	(Lun, Protocol, Flags, PTS1, PTS2, PTS3))
FORWARD(IFDHPowerICC, (DWORD Lun, DWORD Action, PUCHAR Atr, PDWORD AtrLength), (Lun, Action, Atr, AtrLength))
FORWARD(IFDHTransmitToICC,
	(DWORD Lun, SCARD_IO_HEADER SendPci, PUCHAR TxBuffer, DWORD TxLength, PUCHAR RxBuffer, PDWORD RxLength,
	 PSCARD_IO_HEADER RecvPci),
	(Lun, SendPci, TxBuffer, TxLength, RxBuffer, RxLength, RecvPci))
FORWARD(IFDHICCPresence, (DWORD Lun), (Lun))
FORWARD(IFDHControl,
	(DWORD Lun, DWORD dwControlCode, PUCHAR TxBuffer, DWORD TxLength, PUCHAR RxBuffer, DWORD RxLength,
	 LPDWORD pdwBytesReturned),
	(Lun, dwControlCode, TxBuffer, TxLength, RxBuffer, RxLength, pdwBytesReturned))
