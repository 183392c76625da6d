# Times are kept to the last digit (-1).
# Before a copy: keeps what a folder's folders are like, once, and makes a place for what this pass
# keeps aside: KEPT AT folder|file EXCLUDES. The lists of what it will make and send come on stdin, after a
# line with their sha256 and size. ok PLACE | torn | bad WHY.
# TOUCHED mode: KEPT PLACE touched ROOT: keeps the files whose owner, mode or time will change.
begin
umask 077
k=$1 at=$2 kind=$3; shift 3
bad() { say "bad $*"; }
exec 3<&0 </dev/null
if [ "$kind" = touched ]; then
  rsync -a --no-D --numeric-ids --modify-window=-1 --from0 --files-from="$k/$at/touched" -- "$1/" "$k/$at/touched.d/" >&2 || bad "the files whose owner or mode will change cannot be kept aside; is the disk full?"
  say ok
fi
mkdir -p "$k" 2>/dev/null || bad "$k cannot be made; is the disk full?"
if ! [ -e "$k/ready" ]; then
  rm -rf "$k/folders"
  if [ "$kind" = folder ] && [ -d "$at" ]; then
    rsync -a --no-D --numeric-ids --modify-window=-1 "$@" -f '+ */' -f '- *' -- "$at/" "$k/folders/" >&2 || bad "what $at is like cannot be noted; is the disk full?"
    find "$at" -name '.*.??????' -type f -print0 >"$k/odd" 2>/dev/null
  fi
  true >"$k/ready" || bad "nothing can be written in $k; is the disk full?"
fi
i=1
while ! mkdir "$k/$(printf %04d $i)" 2>/dev/null; do
  i=$((i + 1)); [ $i -lt 10000 ] || bad "nothing can be written in $k; is the disk full?"
done
d=$k/$(printf %04d $i)
read -r h z <&3
cat <&3 2>/dev/null >"$d/names" || { rm -rf "$d"; bad "the names of what will be made cannot be noted in $k; is the disk full?"; }
s=$(sha256sum <"$d/names")
[ "${s%% *}" = "$h" ] && [ $(wc -c <"$d/names") -eq "$z" ] || { rm -rf "$d"; say torn; }
say "ok ${d##*/}"
