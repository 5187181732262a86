#!/usr/bin/env bash
# Verifies that a database answers as itself and says that it accepts connections.
#   verify-db.sh HOST PORT [NAME]        NAME is what the banner has to say is ready
# HOST is an address, or one for each site that it may run at: Recovery-Site=127.0.2.100,Primary-Site=127.0.1.100
# Exit code 0: healthy. 1: not, with the reason on stderr. 2: called the wrong way.
set -u

# That of the site where this runs, where the argument names sites.
address() {
  local pair
  [[ $1 == *=* ]] || { echo "$1"; return; }
  for pair in ${1//,/ }; do [[ ${pair%%=*} == "${DR_SITE:-}" ]] && echo "${pair#*=}" && return; done
}

if (($# < 2 || $# > 3)) || [[ ! $2 =~ ^[0-9]{1,5}$ ]]; then
  echo "usage: verify-db.sh HOST PORT [NAME]" >&2
  exit 2
fi
host=$(address "$1") port=$2 name=${3:-}

unhealthy() {
  echo "$host:$port is not healthy: $1" >&2
  exit 1
}

# A server that has just booted may take a moment to listen; one that does not within 5 s is down.
connects() { timeout 2 bash -c 'exec 3<>"/dev/tcp/$1/$2"' _ "$host" "$port" 2>/dev/null; }
SECONDS=0
until connects; do
  ((SECONDS >= 5)) && unhealthy "it does not accept connections"
  sleep 0.2
done
exec 3<>"/dev/tcp/$host/$port" || unhealthy "it no longer accepts connections"

read -r -t 5 banner <&3 || unhealthy "it accepts connections but does not greet"
banner=${banner%$'\r'}
[[ $banner == "${name:+$name }"*ready ]] || unhealthy "it greets with '$banner'${name:+, not as $name}"

printf 'status\n' >&3
read -r -t 5 answer <&3 || unhealthy "it does not answer the question for its status"
answer=${answer%$'\r'}
[[ $answer == "accepting connections" ]] || unhealthy "its status is '$answer'"

echo "Database health check passed: $banner, $answer"
