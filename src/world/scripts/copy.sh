# Gives the bytes of a file, however many: PATH.
begin
[ -f "$1" ] && [ -r "$1" ] && ! [ -L "$1" ] || say missing
cat "$1" && say ok
say torn
