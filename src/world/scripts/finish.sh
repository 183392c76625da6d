# Removes the folder of a run if it is ours: FOLDER MARKER.
begin
[ -e "$1" ] || say ok
read -r k 2>/dev/null <"$1/marker" || say foreign
[ "$k" = "$2" ] && ! [ -L "$1" ] || say foreign
rm -rf "$1" 2>/dev/null && say ok
say left
