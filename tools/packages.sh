#!/bin/sh
# Installs those of the named Debian packages that are missing, and says so. No service is started: a package that
# would start one (redis-server) is told that this machine starts none.
set -eu

missing=
for p in "$@"; do
	if ! dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q 'ok installed'; then
		missing="$missing $p"
	fi
done
if [ -z "$missing" ]; then
	exit 0
fi

as_root=
if [ "$(id -u)" -ne 0 ]; then
	as_root=sudo
fi
echo "installing Debian packages:$missing"

policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
	printf '#!/bin/sh\nexit 101\n' | $as_root tee "$policy" >/dev/null
	$as_root chmod 755 "$policy"
	trap '$as_root rm -f "$policy"' EXIT INT TERM
fi
$as_root apt-get update -q
# shellcheck disable=SC2086 # a list of words
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing
