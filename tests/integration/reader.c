/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An IFD handler for the pcscd under test: libifdvpcd with one slot, where it has two, and which tells at once that a
 * card has come or gone, where pcscd would look every 400 ms.
 *
 * Each reader has a build of this, with a copy of libifdvpcd.so of its own: the path LIBIFDVPCD. For libifdvpcd keeps one
 * array of slots for all readers that load the same file.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stddef.h>
#include <unistd.h>

#include <ifdhandler.h>

enum {
	LOOK_MICROSECONDS = 10 * 1000,
	LOOKS = 40, /* after which pcscd has its turn, as often as it had without this */
};

/* libifdvpcd is for one caller at a time. */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void *driver_function(const char *name)
{
	static void *driver;

	if (driver == NULL)
		driver = dlopen(LIBIFDVPCD, RTLD_NOW | RTLD_LOCAL);
	return driver == NULL ? NULL : dlsym(driver, name);
}

#define CALL(name, arguments) ((__typeof__(name) *)driver_function(#name)) arguments
#define FORWARD(name, parameters, arguments)           \
	RESPONSECODE name parameters                   \
	{                                              \
		RESPONSECODE code;                     \
                                                       \
		pthread_mutex_lock(&mutex);            \
		code = CALL(name, arguments);          \
		pthread_mutex_unlock(&mutex);          \
		return code;                           \
	}

/* While pcscd speaks with the card, nothing is new. */
static RESPONSECODE presence(DWORD Lun, RESPONSECODE before)
{
	RESPONSECODE code = before;

	if (pthread_mutex_trylock(&mutex) == 0) {
		code = CALL(IFDHICCPresence, (Lun));
		pthread_mutex_unlock(&mutex);
	}
	return code;
}

static RESPONSECODE wait_for_event(DWORD Lun, int timeout)
{
	const RESPONSECODE before = presence(Lun, IFD_ERROR_TAG);

	(void)timeout;
	for (int i = 0; i < LOOKS && presence(Lun, before) == before; i++)
		usleep(LOOK_MICROSECONDS);
	return IFD_SUCCESS;
}

RESPONSECODE IFDHGetCapabilities(DWORD Lun, DWORD Tag, PDWORD Length, PUCHAR Value)
{
	switch (Tag) {
	case TAG_IFD_SLOTS_NUMBER:
		*Length = 1;
		*Value = 1;
		return IFD_SUCCESS;
	case TAG_IFD_POLLING_THREAD_WITH_TIMEOUT:
		*Length = sizeof(void *);
		*(void **)Value = (void *)wait_for_event;
		return IFD_SUCCESS;
	default:
		return CALL(IFDHGetCapabilities, (Lun, Tag, Length, Value));
	}
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
