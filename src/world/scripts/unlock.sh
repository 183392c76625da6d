# Gives back the lock of a machine if it is this one, and says how much a run keeps for its undo:
# BASE LOCK [FOLDER]; with LOCK "-" it only looks.
# ok BYTES | none BYTES | held LOCK (its lines, tabs between them) | left.
l=$1/lock k=0
if [ -n "$3" ] && [ -d "$3/kept" ]; then o=$(du -sk "$3/kept"); k=$((${o%%[!0-9]*} * 1024)); fi
[ -e "$l" ] || say "none $k"
read -r o 2>/dev/null <"$l"
[ "$o" = "$2" ] || say "held $(head -c 2000 "$l" | tr '\n' '\t')"
rm -f "$l" 2>/dev/null && say "ok $k"
say left
