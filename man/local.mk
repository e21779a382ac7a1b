# SPDX-License-Identifier: LGPL-2.1-or-later
dist_man_MANS += man/jpkictl.1 man/jpkid-agent.8 man/jpkid.8 man/jpkid.conf.5 man/org.jpkid1.5
