# SPDX-License-Identifier: LGPL-2.1-or-later
# For ./demo and ./check to source: a copy of the tree, built on Debian 12 with whatever it needs installed.

packages="
	autoconf automake make gcc libc6-dev pkg-config xz-utils gettext
	libpcsclite-dev libssl-dev libsystemd-dev libdbus-1-dev libcmocka-dev libjansson-dev libassuan-dev libinih-dev
	pcscd vsmartcard-vpcd opensc openssl dbus-daemon dbus-bin polkitd systemd iproute2 util-linux procps strace mandoc man-db
	pinentry-curses pinentry-tty libxml2-utils duktape
	python3 python3-dbus python3-gi zsh openssh-client
	build-essential debhelper lintian
	systemd-container debootstrap"

PATH=$PATH:/usr/sbin:/sbin

# become_root ARGUMENT…: starts the script again through sudo if it must.
become_root() {
	[ "$EUID" -eq 0 ] || exec sudo --preserve-env=JPKID_BUILDDIR,JPKID_PACKAGES,JPKID_PKI,JPKID_LOGS,JPKID_SEED,JPKID_SEQUENCES -- "$0" "$@"
}

# Installs what is missing, and lets no installed service start: the tests run their own.
install_packages() {
	local missing=() package policy=/usr/sbin/policy-rc.d status=0
	for package in $packages; do
		[ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
	done
	[ "${#missing[@]}" -gt 0 ] || return 0

	if [ -e "$policy" ]; then
		policy=
	else
		printf '#!/bin/sh\nexit 101\n' >"$policy"
		chmod +x "$policy"
	fi
	export DEBIAN_FRONTEND=noninteractive
	apt-get -q update &&
		apt-get -q install -y --no-install-recommends -o DPkg::Lock::Timeout=300 "${missing[@]}" || status=$?
	[ -z "$policy" ] || rm -f "$policy"
	return "$status"
}

# copy_tree DIRECTORY: copies what belongs to the project and is not made from it.
copy_tree() {
	mkdir -p "$1"
	if git -c safe.directory='*' rev-parse --git-dir >/dev/null 2>&1; then
		git -c safe.directory='*' ls-files -z --cached --others --exclude-standard
	else
		find . -path ./.git -prune -o -type f -print0
	fi | tar --create --null --files-from=- --ignore-failed-read --warning=no-failed-read | tar -x -C "$1"
}
