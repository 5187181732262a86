#!/usr/bin/env bash
# Waits until a database accepts TCP connections.
#   wait-for-db.sh HOST PORT [TIMEOUT_SECONDS]        (60 by default)
# HOST is an address, or one for each site that it may run at: Recovery-Site=127.0.2.100,Primary-Site=127.0.1.100
# Exit code 0: it does. 1: it did not in time. 2: called the wrong way.
set -u

# That of the site where this runs, where the argument names sites.
address() {
  local pair
  [[ $1 == *=* ]] || { echo "$1"; return; }
  for pair in ${1//,/ }; do [[ ${pair%%=*} == "${DR_SITE:-}" ]] && echo "${pair#*=}" && return; done
}

if (($# < 2 || $# > 3)) || [[ ! $2 =~ ^[0-9]{1,5}$ || ! ${3:-60} =~ ^[0-9]{1,5}$ ]]; then
  echo "usage: wait-for-db.sh HOST PORT [TIMEOUT_SECONDS]" >&2
  exit 2
fi
host=$(address "$1") port=$2 limit=${3:-60}

# A host that swallows packets must not hold a single try for minutes.
connects() { timeout 2 bash -c 'exec 3<>"/dev/tcp/$1/$2"' _ "$host" "$port" 2>/dev/null; }

echo "waiting for $host:$port, at most $limit s"
SECONDS=0
until connects; do
  if ((SECONDS >= limit)); then
    echo "$host:$port did not accept a connection within $limit s" >&2
    exit 1
  fi
  sleep 0.2
done
echo "$host:$port accepts connections after $SECONDS s"
