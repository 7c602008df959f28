#!/bin/sh
# Brings .venv up to requirements.lock with the first Python that Relier supports, or says in one sentence
# that there is none. `PYTHON=/path/to/python` names one; a shim that is on the PATH but cannot run is passed over.
set -u
here=$(cd "$(dirname "$0")/.." && pwd)
supported='import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))'

if [ -n "${PYTHON:-}" ]; then
    set -- "$PYTHON"
else
    # The one that built .venv comes first, so that a newer Python on the PATH does not rebuild it.
    set -- "$here/.venv/bin/python" python3.13 python3.12 python3.11 python3 python
fi

found=none
for python in "$@"; do
    if "$python" -I -S -c "$supported" 2>/dev/null; then
        exec "$python" -I -S "$here/tools/bootstrap.py"
    fi
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) &&
        [ "$found" = none ] && found="$version ($python)"
done

echo "Relier needs Python 3.11, 3.12 or 3.13 and found $found:" \
    "install one of them, or name it with 'make PYTHON=/path/to/python3.12'." >&2
exit 1
