# Makes the folder of a lease in that of the run, or finds it: FOLDER MARKER. ok | wiped | bad WHY.
begin
umask 077
d=$1
read -r k 2>/dev/null <"${d%/*}/marker" && [ "$k" = "$2" ] || say wiped
[ -L "$d" ] && say "bad $d is a symbolic link"
alone || say wiped
k=ok
[ -d "$d" ] || mkdir "$d" 2>/dev/null || k="bad $d cannot be made; is the disk full, or read-only?"
free
say "$k"
