# Says how many bytes of undo material a run keeps: FOLDER.
[ -d "$1/kept" ] || say 0
k=$(du -sk "$1/kept")
set -- $k
say $(($1 * 1024))
