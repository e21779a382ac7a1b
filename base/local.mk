# SPDX-License-Identifier: LGPL-2.1-or-later
# The bottom layer: the C library only.
noinst_LIBRARIES += base/libbase.a
base_libbase_a_SOURCES = \
	base/cleanup.h \
	base/clock.h \
	base/error.h \
	base/file.c base/file.h \
	base/format.c base/format.h \
	base/log.c base/log.h \
	base/log-memory.c base/log-memory.h \
	base/option.h \
	base/process.c base/process.h \
	base/secret.c base/secret.h \
	base/utf8.c base/utf8.h
