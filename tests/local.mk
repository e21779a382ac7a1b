# SPDX-License-Identifier: LGPL-2.1-or-later
include tests/card/local.mk
include tests/unit/local.mk
include tests/fuzz/local.mk
include tests/unit/certificate.mk
include tests/unit/client.mk
include tests/unit/dbus.mk
include tests/bench/local.mk
include tests/unit/daemon.mk
