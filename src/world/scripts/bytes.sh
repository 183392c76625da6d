# Gives the bytes of a file of at most so many bytes: PATH LIMIT.
begin
k=$(state "$1")
set -- $k -- "$1" "$2"
[ "$1" = file ] || say "$k"
[ "$3" -le "$8" ] || say "large $3"
cat "$7"
say "$k"
