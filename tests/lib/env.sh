# Sourced by the suites' run scripts: where things are, and Node with its packages.
#
#   ROOT   the tree          BUILD  its build (CERTMILL_BUILD, else build/)
#   WORK   a new directory for this run, removed when the script ends
#   keep PID  ends that process too when the script ends; so does a function at_exit, if there is one

set -eu
ROOT=$(cd "$(dirname "$0")/../.." && pwd)
BUILD=${CERTMILL_BUILD:-$ROOT/build}
BUILD=$(cd "$BUILD" 2> /dev/null && pwd) || { echo "no build in ${CERTMILL_BUILD:-$ROOT/build}; run make build" >&2; exit 1; }
[ -x "$BUILD/certmill" ] || { echo "$BUILD/certmill is missing; run make build" >&2; exit 1; }
export ROOT BUILD CERTMILL_BUILD="$BUILD" IBM_TELEMETRY_DISABLED=true PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1
umask 022
WORK=$(mktemp -d "${TMPDIR:-/tmp}/certmill-test.XXXXXX")
export WORK
kept=

keep() {
	kept="$kept $1"
}

cleanup() {
	rc=$?
	trap - EXIT
	! command -v at_exit > /dev/null || at_exit || true
	for pid in $kept; do
		kill "$pid" 2> /dev/null || true
	done
	for pid in $kept; do
		wait "$pid" 2> /dev/null || true
	done
	rm -rf "$WORK"
	exit "$rc"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# A node that is new enough: the system's, or the one that the build brings along.
need_node() {
	for dir in "$BUILD/tools/node/bin" "$ROOT/build/tools/node/bin" "$BUILD"/tools/node_modules/node-linux-*/bin \
	    "$ROOT"/build/tools/node_modules/node-linux-*/bin; do
		[ ! -x "$dir/node" ] || PATH="$PATH:$dir"
	done
	old_ifs=$IFS
	IFS=:
	NODE=
	for dir in $PATH; do
		if [ -z "$NODE" ] && [ -x "$dir/node" ] && "$dir/node" -e '
		    const [a, b] = process.versions.node.split(".").map(Number);
		    process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' 2> /dev/null; then
			NODE=$dir/node
		fi
	done
	IFS=$old_ifs
	[ -n "$NODE" ] || { echo "no Node 20.19 or newer; make build brings one" >&2; exit 1; }
	PATH=$(dirname "$NODE"):$PATH
	export NODE PATH
	stamp=$ROOT/tests/node_modules/.lock-of-install
	if ! cmp -s "$ROOT/tests/package-lock.json" "$stamp"; then
		echo "installing the tests' packages (npm ci)"
		(cd "$ROOT/tests" && npm ci --silent --no-progress)
		cp "$ROOT/tests/package-lock.json" "$stamp"
	fi
	(cd "$ROOT/tests" && "$NODE" node_modules/openapi-typescript/bin/cli.js ../api/openapi.yaml -o lib/openapi.d.ts > /dev/null)
}
