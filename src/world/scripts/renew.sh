# Notes in a run's marker that the boot of now has been seen: FOLDER MARKER MACHINE.
read -r k 2>/dev/null <"$1/marker" || say wiped
[ "$k" = "$2" ] || say wiped
read -r o </proc/sys/kernel/random/boot_id
umask 077
printf '%s\n%s\n%s\n' "$2" "$o" "$3" >"$1/marker.new" && mv "$1/marker.new" "$1/marker" && say "ok $o"
say bad
