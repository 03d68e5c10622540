#!/bin/sh
# Installs Plainview from a wheel into a folder of its own, with the default model pack. Run it again to upgrade: the
# model pack and every workspace stay, and the program before it stays beside it.
#
#   deploy/install.sh PREFIX WHEEL [REQUIREMENTS]
#
# PREFIX        where the program is found, for example /opt/plainview: a link to a folder beside it
# WHEEL         plainview-*.whl, made by `make wheel`
# REQUIREMENTS  requirements/main.txt of the same version: every dependency by its hash. Without it, pip chooses.
#
# PYTHON names the Python (3.11 or newer); PLAINVIEW_MODELS the folder of the model packs.
set -eu
umask 022  # another user than the one who installs runs the program
if [ $# -lt 2 ]; then sed -n '2,11s/^# \{0,1\}//p' "$0"; exit 2; fi
prefix=$1 wheel=$2 requirements=${3:-}
python=${PYTHON:-python3}
[ -f "$wheel" ] || { echo "There is no file $wheel. Make the wheel with: make wheel" >&2; exit 1; }
[ ! -e "$prefix" ] || [ -L "$prefix" ] \
  || { echo "$prefix was not made by this script. Name another folder, or move it away." >&2; exit 1; }
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
  || { echo "Plainview needs Python 3.11 or newer; name one with PYTHON=/path/to/python3.11" >&2; exit 1; }
"$python" -c 'import venv, ensurepip' 2>/dev/null \
  || { echo "This Python cannot make environments. On Debian: apt-get install python3-venv" >&2; exit 1; }

# Another user than the one who installs runs the program, so nobody else's folder may be in the way to its Python.
closed() {
  "$1" - <<'CHECK'
import os, sys
for python in (os.path.realpath(sys.executable), os.path.abspath(sys.executable)):
    folders = [python[:end] for end in range(1, len(python)) if python[end] == "/"]
    closed = [folder for folder in folders if not os.stat(folder).st_mode & 1]
    if closed:
        sys.exit(print(closed[0]))
CHECK
}
if [ "$(id -u)" = 0 ] && [ -z "${PYTHON:-}" ] && [ -x /usr/bin/python3 ] && [ -n "$(closed "$python")" ] \
  && [ -z "$(closed /usr/bin/python3)" ] \
  && /usr/bin/python3 -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
  echo "Using /usr/bin/python3: $python is in $(closed "$python"), which no other user can open."
  python=/usr/bin/python3
fi

mkdir -p "$(dirname "$prefix")"
exec 9>"$(dirname "$prefix")/.$(basename "$prefix").lock"
flock -n 9 || { echo "Another installation into $prefix is running. Wait for it." >&2; exit 1; }
new=$(mktemp -d "$(cd "$(dirname "$prefix")" && pwd)/$(basename "$prefix")-$(date -u +%Y%m%d)-XXXXXX")
trap 'rm -rf "$new"' EXIT
chmod 755 "$new"
"$python" -m venv "$new"
[ -z "$requirements" ] || "$new/bin/python" -m pip install --quiet --require-hashes -r "$requirements"
"$new/bin/python" -m pip install --quiet ${requirements:+--no-deps} "$wheel"
"$new/bin/plainview" models install
"$new/bin/plainview" --version

# Only now, and in one step, does the new program take the place of the old one.
before=$(readlink "$prefix" || true)
ln -s "$(basename "$new")" "$new.link"
mv -T "$new.link" "$prefix"
trap - EXIT
# Only what this script made, by its date and six characters: other folders beside it, such as PREFIX-models, are not its own.
for old in "$prefix"-[0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9]-??????; do
  [ ! -d "$old" ] || [ "$(basename "$old")" = "$(basename "$new")" ] || [ "$(basename "$old")" = "$before" ] || rm -rf "$old"
done
where=
[ "$(id -u)" != 0 ] || where=$(closed "$prefix/bin/python")
if [ -n "$where" ]; then
  echo "WARNING: no other user can run it, because its Python is in $where." >&2
  echo "Install it again with a Python that everybody can run, for example PYTHON=/usr/bin/python3" >&2
fi
echo "Plainview is in $prefix. Next: docs/howto/deploy.md, step 2."
