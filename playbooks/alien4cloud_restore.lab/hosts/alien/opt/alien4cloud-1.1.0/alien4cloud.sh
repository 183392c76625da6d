#!/bin/sh
# Stands in for the vendor's script, which stays in the foreground.
[ -e alien4cloud-ui.war ] || { echo 'Command must be run from the directory where the WAR is installed or its parent.' >&2; exit 4; }
exec lab4c alien 1.1.0
