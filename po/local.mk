# SPDX-License-Identifier: LGPL-2.1-or-later
# What people read, in their language. `make update-po` brings po/ja.po up to the sources.
EXTRA_DIST += po/ja.po

jamodir = $(localedir)/ja/LC_MESSAGES
nodist_jamo_DATA = po/ja/jpkid.mo
CLEANFILES += po/ja/jpkid.mo po/jpkid.pot

po/ja/jpkid.mo: po/ja.po
	$(AM_V_GEN)$(MKDIR_P) po/ja && $(MSGFMT) --check --output-file=$@ $(srcdir)/po/ja.po

po_sources = $(client_libclient_a_SOURCES) $(client_cms_libcms_a_SOURCES) \
	$(client_jpkictl_jpkictl_SOURCES) $(client_jpkid_agent_jpkid_agent_SOURCES)
po/jpkid.pot: $(po_sources)
	$(AM_V_GEN)$(MKDIR_P) po && cd $(srcdir) && $(XGETTEXT) --from-code=UTF-8 --keyword=_ --keyword=N_ \
		--flag=_:1:pass-c-format --flag=N_:1:pass-c-format --flag=failure_say:2:c-format \
		--add-location=file --sort-by-file --add-comments=TRANSLATORS --package-name=jpkid \
		--output=$(abs_builddir)/$@ $(sort $(po_sources))

update-po: po/jpkid.pot
	$(MSGMERGE) --quiet --update --backup=none --no-fuzzy-matching --add-location=file --sort-by-file \
		$(srcdir)/po/ja.po po/jpkid.pot
.PHONY: update-po
