#!/bin/sh
# Reads messages as `marsad simulate --messages -` writes them; prints how often a bin was 90 % full or more.
exec jq -s '[.[] | .payload | fromjson? | .values["waste.fill"]? | select(. != null and . >= 90)] | length'
