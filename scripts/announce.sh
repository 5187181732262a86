#!/usr/bin/env bash
# Announces that a recovery begins, on its output and in the system's log where there is one.
#   announce.sh MESSAGE
set -u

if (($# != 1)); then
  echo "usage: announce.sh MESSAGE" >&2
  exit 2
fi
line="${DR_PLAN_NAME:-recovery} (${DR_RECOVERY_TYPE:-by hand}): $1"
command -v logger >/dev/null && logger -t dr-gateway -- "$line" 2>/dev/null
echo "$line"
