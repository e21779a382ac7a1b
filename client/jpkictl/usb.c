/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/jpkictl/usb.h"

#include <dirent.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/utf8.h"

#define DEVICES "/sys/bus/usb/devices"
#define LIBCCID "/usr/lib/pcsc/drivers/ifd-ccid.bundle/Contents/Info.plist"
#define DRIVERS "/usr/lib/pcsc/drivers/*.bundle/Contents/Info.plist"

enum {
	ENTRIES_MAX = 4096,
	DRIVERS_MAX = 64,
	PROPERTY_LIST_LENGTH_MAX = 1024 * 1024, /* libccid's has 60 kB */
	CLASS_SMART_CARD = 0x0B,                /* bInterfaceClass */
	HEXADECIMAL = 16,
};

/* Readers that do not call themselves smart card readers. */
static const struct {
	uint16_t vendor, product;
} not_ccid[] = {
	{ 0x054C, 0x06C1 }, /* Sony RC-S380/S */
	{ 0x054C, 0x06C3 }, /* Sony RC-S380/P */
};

/* --- files ------ */

/* NULL: it is not there, no regular file, or longer than that; or there is no memory. */
static char *file_read(int directory, const char *path, size_t length_max)
{
	const int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
	CLEANUP(closep) int fd = openat(directory, path, flags);
	CLEANUP(freep) char *text = NULL;
	struct stat about;
	ssize_t length;

	if (fd < 0 || fstat(fd, &about) < 0 || !S_ISREG(about.st_mode))
		return NULL;
	text = malloc(length_max + 1);
	if (!text)
		return NULL;
	length = file_read_up_to(fd, text, length_max + 1);
	if (length < 0 || (size_t)length > length_max)
		return NULL;
	text[length] = '\0';
	return TAKE(text);
}

/* A file of a device's in sysfs, without its newline. */
static char *attribute_read(int devices, const char *device, const char *name)
{
	char path[NAME_MAX + sizeof("/bInterfaceClass")];
	char *text;

	if ((size_t)snprintf(path, sizeof(path), "%s/%s", device, name) >= sizeof(path))
		return NULL;
	text = file_read(devices, path, USB_NAME_SIZE - 1);
	if (text)
		text[strcspn(text, "\n")] = '\0';
	return text;
}

static bool attribute_number(int devices, const char *device, const char *name,
			     uint16_t *ret_number)
{
	CLEANUP(freep) char *text = attribute_read(devices, device, name);
	char *end;
	unsigned long number;

	if (!text)
		return false;
	number = strtoul(text, &end, HEXADECIMAL);
	if (end == text || *end || number > UINT16_MAX)
		return false;
	*ret_number = (uint16_t)number;
	return true;
}

/* --- pcscd's drivers ------ */

static const char *after(const char *text, const char *mark)
{
	const char *found = text ? strstr(text, mark) : NULL;

	return found ? found + strlen(mark) : NULL;
}

/* A property list has vendors and products in two arrays, whose same places belong together. */
static bool driver_knows(const char *list, uint16_t vendor, uint16_t product)
{
	const char *vendors = after(list, "<key>ifdVendorID</key>");
	const char *products = after(list, "<key>ifdProductID</key>");
	const char *end = after(vendors, "</array>");

	for (;;) {
		vendors = after(vendors, "<string>");
		products = after(products, "<string>");
		if (!vendors || !products || !end || vendors > end)
			return false;
		if (strtoul(vendors, NULL, HEXADECIMAL) == vendor &&
		    strtoul(products, NULL, HEXADECIMAL) == product)
			return true;
	}
}

static enum usb_driver driver_find(uint16_t vendor, uint16_t product)
{
	enum usb_driver found = USB_DRIVER_MISSING;
	glob_t drivers = { 0 };

	for (size_t i = 0; i < LENGTH_OF(not_ccid); i++)
		if (not_ccid[i].vendor == vendor && not_ccid[i].product == product)
			return USB_DRIVER_NEVER;
	if (glob(DRIVERS, 0, NULL, &drivers) != 0)
		return found;
	for (size_t i = 0; i < drivers.gl_pathc && i < DRIVERS_MAX; i++) {
		CLEANUP(freep) char *list = file_read(AT_FDCWD, drivers.gl_pathv[i],
						      PROPERTY_LIST_LENGTH_MAX);

		if (list && found == USB_DRIVER_MISSING &&
		    strcmp(drivers.gl_pathv[i], LIBCCID) == 0)
			found = USB_DRIVER_UNAWARE;
		if (list && driver_knows(list, vendor, product))
			found = USB_DRIVER_THERE;
	}
	globfree(&drivers);
	return found;
}

static void libccid_read_version(char version[DRIVER_VERSION_SIZE])
{
	CLEANUP(freep) char *list = file_read(AT_FDCWD, LIBCCID, PROPERTY_LIST_LENGTH_MAX);
	const char *text = after(after(list, "<key>CFBundleShortVersionString</key>"), "<string>");
	const size_t length = text ? strspn(text, "0123456789.") : 0;

	snprintf(version, DRIVER_VERSION_SIZE, "%.*s", (int)length, text ? text : "");
}

/* --- readers ------ */

/* "1-2" is a device, "1-2:1.0" one of its interfaces. */
static bool entry_is_reader(int devices, const char *entry, const struct usb_reader *device)
{
	uint16_t class;

	if (strchr(entry, ':'))
		return attribute_number(devices, entry, "bInterfaceClass", &class) &&
		       class == CLASS_SMART_CARD;
	return device->driver == USB_DRIVER_THERE || device->driver == USB_DRIVER_NEVER;
}

static bool device_read(int devices, const char *entry, struct usb_reader *ret_device)
{
	CLEANUP(freep) char *device = strndup(entry, strcspn(entry, ":")), *name = NULL;

	*ret_device = (struct usb_reader){ 0 };
	if (!device || !attribute_number(devices, device, "idVendor", &ret_device->vendor) ||
	    !attribute_number(devices, device, "idProduct", &ret_device->product))
		return false;
	name = attribute_read(devices, device, "product");
	if (name) {
		utf8_clean(name);
		strcpy(ret_device->name, name);
	}
	ret_device->driver = driver_find(ret_device->vendor, ret_device->product);
	return true;
}

static void closedirp(DIR **directory)
{
	if (*directory)
		closedir(*directory);
}

bool usb_find_reader(struct usb_reader *ret_reader)
{
	CLEANUP(closedirp) DIR *devices = opendir(DEVICES);
	struct usb_reader device;
	struct dirent *entry;
	bool is_found = false;

	for (int i = 0; devices && i < ENTRIES_MAX && (entry = readdir(devices)); i++) {
		if (*entry->d_name == '.' || !device_read(dirfd(devices), entry->d_name, &device) ||
		    !entry_is_reader(dirfd(devices), entry->d_name, &device) ||
		    (is_found && device.driver >= ret_reader->driver))
			continue;
		*ret_reader = device;
		is_found = true;
	}
	if (is_found)
		libccid_read_version(ret_reader->libccid_version);
	return is_found;
}
