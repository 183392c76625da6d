# Ends a lease and removes its folder: FOLDER. ok | stayed | left.
begin
d=$1
alone || say ok
[ -d "$d" ] || { free; say ok; }
quit || { free; say stayed; }
rm -rf "$d" 2>/dev/null || { free; say left; }
free
say ok
