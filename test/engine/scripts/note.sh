#!/usr/bin/env bash
# Notes that it has run; with a second argument it stays until that file is there.
echo "$DR_RECOVERY_TYPE ${DR_VM_NAME:-}" >>"$1"
echo "noted"
while [ -n "${2:-}" ] && [ ! -e "$2" ]; do sleep 0.02; done
