# Removes the folder of a run if it is ours, with the leases in it, and its lock: FOLDER MARKER LOCK.
# MARKER "-": the journal has none, because the run ended while it made the folder.
read -r k 2>/dev/null <"${1%/*}/lock" && [ "$k" = "$3" ] && rm -f "${1%/*}/lock"
[ -e "$1" ] || say ok
k=; read -r k 2>/dev/null <"$1/marker"
[ "$2" = - ] || [ "$k" = "$2" ] || say foreign
[ -L "$1" ] && say foreign
for d in "$1"/lease.*; do
  [ -d "$d" ] || continue
  quit || say "stayed ${d##*/lease.}"
done
rm -rf "$1" 2>/dev/null && say ok
say left
