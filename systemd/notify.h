/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the service manager is told. Without one (no NOTIFY_SOCKET) all of it does nothing. */
#pragma once

void notify_ready(void); /* also that a reload has ended */
void notify_reloading(void);
void notify_stopping(void);
__attribute__((format(printf, 1, 2))) void notify_status(const char *format, ...);
