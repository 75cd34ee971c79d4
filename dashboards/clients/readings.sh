#!/bin/sh
# The last fill level of each bin, and the past day of all of them as a file.
#   MARSAD=https://marsad.city.example MARSAD_TOKEN=... sh readings.sh
set -eu
base="${MARSAD:-http://127.0.0.1:8080}/api/v1"

# --fail: an error (application/problem+json) ends the script. --retry waits as long as Retry-After of a 429 or 503 says.
ask() {
    curl --fail --silent --show-error --retry 3 --compressed --header "Authorization: Bearer ${MARSAD_TOKEN:-}" "$@"
}

ask "$base/latest?quantity=waste.fill&limit=5"
echo
ask "$base/readings?quantity=waste.fill&format=csv" --output readings.csv
echo "$(wc -l < readings.csv) lines in readings.csv"
