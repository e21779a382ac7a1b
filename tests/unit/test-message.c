/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "dbus/message.h"

static DBusMessage *new_message(void)
{
	DBusMessage *message = dbus_message_new_signal("/test", "org.jpkid1.Test", "Test");

	assert_non_null(message);
	return message;
}

static void basic_values_come_out_as_they_went_in(void **state)
{
	CLEANUP(message_unrefp) DBusMessage *message = new_message();
	struct writer writer;
	const char *string, *path;
	dbus_bool_t boolean;
	uint8_t byte;
	dbus_int32_t int32;
	dbus_uint32_t uint32;
	dbus_uint64_t uint64;

	writer_begin(&writer, message);
	writer_string(&writer, "署名用");
	writer_path(&writer, "/org/jpkid1/card/1");
	writer_boolean(&writer, true);
	writer_byte(&writer, 0xff);
	writer_int32(&writer, -1);
	writer_uint32(&writer, UINT32_MAX);
	writer_uint64(&writer, UINT64_MAX);
	assert_int_equal(writer_finish(&writer), 0);

	assert_true(dbus_message_get_args(
		message, NULL, DBUS_TYPE_STRING, &string, DBUS_TYPE_OBJECT_PATH, &path,
		DBUS_TYPE_BOOLEAN, &boolean, DBUS_TYPE_BYTE, &byte, DBUS_TYPE_INT32, &int32,
		DBUS_TYPE_UINT32, &uint32, DBUS_TYPE_UINT64, &uint64, DBUS_TYPE_INVALID));
	assert_string_equal(string, "署名用");
	assert_string_equal(path, "/org/jpkid1/card/1");
	assert_true(boolean);
	assert_int_equal(byte, 0xff);
	assert_int_equal(int32, -1);
	assert_int_equal(uint32, UINT32_MAX);
	assert_true(uint64 == UINT64_MAX);
}

static void assert_bytes_pass(const uint8_t *bytes, size_t length)
{
	CLEANUP(message_unrefp) DBusMessage *message = new_message();
	struct writer writer;
	DBusMessageIter iter;
	const uint8_t *read;
	size_t read_length;

	writer_begin(&writer, message);
	writer_bytes(&writer, bytes, length);
	assert_int_equal(writer_finish(&writer), 0);
	assert_true(dbus_message_has_signature(message, "ay"));

	dbus_message_iter_init(message, &iter);
	message_read_bytes(&iter, &read, &read_length);
	assert_int_equal(read_length, length);
	if (length > 0)
		assert_memory_equal(read, bytes, length);
}

static void bytes_pass_and_so_do_none(void **state)
{
	const uint8_t bytes[] = { 0x30, 0x00, 0xff };

	assert_bytes_pass(bytes, sizeof(bytes));
	assert_bytes_pass(bytes, 0);
	assert_bytes_pass(NULL, 0);
}

static void containers_nest(void **state)
{
	CLEANUP(message_unrefp) DBusMessage *message = new_message();
	struct writer writer, array, entry, inner;

	writer_begin(&writer, message);
	writer_open(&writer, &array, DBUS_TYPE_ARRAY, "{oay}");
	writer_open(&array, &entry, DBUS_TYPE_DICT_ENTRY, NULL);
	writer_path(&entry, "/a");
	writer_bytes(&entry, (const uint8_t *)"b", 1);
	writer_close(&entry);
	writer_close(&array);
	writer_open(&writer, &inner, DBUS_TYPE_STRUCT, NULL);
	writer_byte(&inner, 1);
	writer_close(&inner);
	assert_int_equal(writer_finish(&writer), 0);
	assert_true(dbus_message_has_signature(message, "a{oay}(y)"));
}

static void entries_make_a_dictionary_of_variants(void **state)
{
	CLEANUP(message_unrefp) DBusMessage *message = new_message();
	static const int types[] = { DBUS_TYPE_STRING, DBUS_TYPE_OBJECT_PATH,
				     DBUS_TYPE_BOOLEAN, DBUS_TYPE_BYTE, DBUS_TYPE_INT32,
				     DBUS_TYPE_UINT32, DBUS_TYPE_UINT64,
				     DBUS_TYPE_UNIX_FD };
	struct writer writer, dictionary;
	DBusMessageIter iter, entries, entry, variant;

	writer_begin(&writer, message);
	writer_open(&writer, &dictionary, DBUS_TYPE_ARRAY, "{sv}");
	writer_entry_string(&dictionary, "s", "text");
	writer_entry_path(&dictionary, "o", "/org/jpkid1/card/1");
	writer_entry_boolean(&dictionary, "b", true);
	writer_entry_byte(&dictionary, "y", 200);
	writer_entry_int32(&dictionary, "i", -1);
	writer_entry_uint32(&dictionary, "u", 1);
	writer_entry_uint64(&dictionary, "t", 2);
	writer_entry_fd(&dictionary, "h", STDIN_FILENO);
	writer_close(&dictionary);
	assert_int_equal(writer_finish(&writer), 0);
	assert_true(dbus_message_has_signature(message, "a{sv}"));

	dbus_message_iter_init(message, &iter);
	dbus_message_iter_recurse(&iter, &entries);
	for (size_t i = 0; i < LENGTH_OF(types); i++, dbus_message_iter_next(&entries)) {
		const char *key;

		dbus_message_iter_recurse(&entries, &entry);
		dbus_message_iter_get_basic(&entry, &key);
		assert_int_equal(key[0], types[i]);
		dbus_message_iter_next(&entry);
		dbus_message_iter_recurse(&entry, &variant);
		assert_int_equal(dbus_message_iter_get_arg_type(&variant), types[i]);
	}
	assert_int_equal(dbus_message_iter_get_arg_type(&entries), DBUS_TYPE_INVALID);
}

static void a_descriptor_is_duplicated(void **state)
{
	CLEANUP(message_unrefp) DBusMessage *message = new_message();
	int ends[2], received;
	struct writer writer;
	struct stat sent_status, received_status;

	assert_int_equal(pipe(ends), 0);
	writer_begin(&writer, message);
	writer_fd(&writer, ends[0]);
	assert_int_equal(writer_finish(&writer), 0);
	assert_true(dbus_message_get_args(message, NULL, DBUS_TYPE_UNIX_FD, &received,
					  DBUS_TYPE_INVALID));
	assert_int_not_equal(received, ends[0]);
	assert_int_equal(fstat(ends[0], &sent_status), 0);
	assert_int_equal(fstat(received, &received_status), 0);
	assert_int_equal(sent_status.st_ino, received_status.st_ino);
	close(received);
	close(ends[0]);
	close(ends[1]);
}

/* libdbus would abort() on each of these. */
static void strings_that_the_bus_does_not_carry_are_failures(void **state)
{
	static const char *const strings[] = { NULL, "\xff", "cut \xe7\xbd", "\xed\xa0\x80",
					       "\xc0\x80" };
	static const char *const paths[] = { NULL,    "",     "relative",     "/a/",
					     "/a//b", "/a-b", "/\xe7\xbd\xb2" };

	for (size_t i = 0; i < LENGTH_OF(strings); i++) {
		CLEANUP(message_unrefp) DBusMessage *message = new_message();
		struct writer writer;

		writer_begin(&writer, message);
		writer_string(&writer, strings[i]);
		assert_int_equal(writer_finish(&writer), -EINVAL);
	}
	for (size_t i = 0; i < LENGTH_OF(paths); i++) {
		CLEANUP(message_unrefp) DBusMessage *message = new_message();
		struct writer writer;

		writer_begin(&writer, message);
		writer_path(&writer, paths[i]);
		assert_int_equal(writer_finish(&writer), -EINVAL);
	}
}

static void the_first_failure_sticks_through_all_containers(void **state)
{
	CLEANUP(message_unrefp) DBusMessage *message = new_message();
	struct writer writer, array, entry, variant, after;

	writer_begin(&writer, message);
	writer_open(&writer, &array, DBUS_TYPE_ARRAY, "{sv}");
	writer_open(&array, &entry, DBUS_TYPE_DICT_ENTRY, NULL);
	writer_string(&entry, "key");
	writer_open(&entry, &variant, DBUS_TYPE_VARIANT, "s");
	writer_string(&variant, "\xff");
	writer_string(&variant, "right");
	writer_close(&variant);
	writer_close(&entry);
	writer_entry_string(&array, "next", "right");
	writer_close(&array);
	writer_open(&writer, &after, DBUS_TYPE_ARRAY, "s");
	writer_string(&after, "right");
	writer_close(&after);
	writer_bytes(&writer, (const uint8_t *)"right", 5);
	assert_int_equal(writer_finish(&writer), -EINVAL);
}

static void more_bytes_than_an_array_holds_are_a_failure(void **state)
{
	CLEANUP(message_unrefp) DBusMessage *message = new_message();
	struct writer writer;

	writer_begin(&writer, message);
	writer_bytes(&writer, (const uint8_t *)"", DBUS_MAXIMUM_ARRAY_LENGTH + 1);
	assert_int_equal(writer_finish(&writer), -EMSGSIZE);
}

static void a_closed_descriptor_is_a_failure(void **state)
{
	CLEANUP(message_unrefp) DBusMessage *message = new_message();
	struct writer writer;

	writer_begin(&writer, message);
	writer_fd(&writer, -1);
	assert_true(writer_finish(&writer) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(basic_values_come_out_as_they_went_in),
		cmocka_unit_test(bytes_pass_and_so_do_none),
		cmocka_unit_test(containers_nest),
		cmocka_unit_test(entries_make_a_dictionary_of_variants),
		cmocka_unit_test(a_descriptor_is_duplicated),
		cmocka_unit_test(strings_that_the_bus_does_not_carry_are_failures),
		cmocka_unit_test(the_first_failure_sticks_through_all_containers),
		cmocka_unit_test(more_bytes_than_an_array_holds_are_a_failure),
		cmocka_unit_test(a_closed_descriptor_is_a_failure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
