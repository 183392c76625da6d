# Takes a copy back: KEPT AT folder|file. The lists are there: remove, and restore and retouch of each pass.
# Times are compared to the last digit (-1). Whatever it replaces or removes is itself kept, in "undone". It may be done again at any point.
k=$1 at=$2 root=$2
umask 077
[ -e "$k/ready" ] || exit 0
[ "$3" = folder ] && ! [ -e "$k/top" ] || root=${at%/*}
mkdir -p "$k/empty" || exit 1
pass() { rsync -a --modify-window=-1 --no-D --numeric-ids --force --from0 --backup --backup-dir="$k/undone" "$@" || exit $?; }
if [ -s "$k/remove" ] && [ -d "$root/" ]; then
  # That the folders above a name are not there either, it calls vanished (24).
  (pass --no-implied-dirs --delete-missing-args --files-from="$k/remove" -- "$k/empty/" "$root/") 2>"$k/errors"
  e=$?
  case $e in 0|24) ;; *) cat "$k/errors" >&2; exit 1;; esac
fi
[ -e "$k/top" ] && exit 0
for d in $(ls -r "$k"); do
  case $d in [0-9][0-9][0-9][0-9]) ;; *) continue;; esac
  d=$k/$d
  [ -s "$d/restore" ] && pass -I --files-from="$d/restore" -- "$d/old/" "$root/"
  [ -s "$d/retouch" ] && pass -I --files-from="$d/retouch" -- "$d/touched.d/" "$root/"
done
if [ -d "$k/folders" ]; then rsync -a --modify-window=-1 --no-D --numeric-ids --force -- "$k/folders/" "$at/" || exit 1; fi
exit 0
