# SPDX-License-Identifier: LGPL-2.1-or-later
dist_man_MANS += man/jpkictl.1 man/jpkid-agent.8 man/jpkid.8 man/jpkid.conf.5 man/org.jpkid1.5

jaman1dir = $(mandir)/ja/man1
jaman5dir = $(mandir)/ja/man5
jaman8dir = $(mandir)/ja/man8
nodist_jaman1_DATA = man/ja/man1/jpkictl.1
nodist_jaman5_DATA = man/ja/man5/jpkid.conf.5 man/ja/man5/org.jpkid1.5
nodist_jaman8_DATA = man/ja/man8/jpkid-agent.8 man/ja/man8/jpkid.8
ja_manuals = $(nodist_jaman1_DATA) $(nodist_jaman5_DATA) $(nodist_jaman8_DATA)
ja_manual_sources = man/ja/jpkictl.1 man/ja/jpkid-agent.8 man/ja/jpkid.8 man/ja/jpkid.conf.5 man/ja/org.jpkid1.5 \
	man/ja/sections.sed
$(ja_manuals): $(ja_manual_sources)
	$(AM_V_GEN)$(MKDIR_P) $(@D) && $(SED) -f $(srcdir)/man/ja/sections.sed $(srcdir)/man/ja/$(@F) > $@
CLEANFILES += $(ja_manuals)
EXTRA_DIST += $(ja_manual_sources)
