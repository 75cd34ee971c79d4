#!/bin/sh
# Plays a day of bins to the consumer and compares its answer with the truth.
set -eu
marsad=${MARSAD:-marsad}
here=$(dirname "$0")
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
"$marsad" simulate full-bins --messages "$work/messages" --truth "$work/truth"
is=$("$here/consumer.sh" < "$work/messages")
# LoRaWAN bins say their level in bytes, which this consumer does not read.
must=$(jq -s '[.[] | select(.destiny == "read" and (.device | startswith("bin-"))) | .said["waste.fill"] | select(. >= 90)] | length' "$work/truth")
echo "full bins: $is, expected $must"
[ "$is" = "$must" ]
