# Works on the authorized_keys of the user that logs in here, also from behind sudo.
place() {
  u=${SUDO_USER:-$(id -un)}
  h=$(getent passwd "$u" 2>/dev/null | cut -d: -f6)
  [ -n "$h" ] || { [ -z "$SUDO_USER" ] && h=$HOME; }
  f=$h/.ssh/authorized_keys
}
# Where a link leads, the file is changed and the link stays; but only what is the user's own: root must
# not be led elsewhere.
follow() {
  [ -L "$f" ] || return 0
  k=$(readlink -f "$f") && [ -n "$k" ] || return 1
  if [ -e "$k" ]; then [ -f "$k" ] || return 1; fi
  o=$(id -u "$u") && [ "$(stat -c %u "${k%/*}/" 2>/dev/null)" = "$o" ] || return 1
  if [ -e "$k" ]; then [ "$(stat -c %u "$k")" = "$o" ] || return 1; fi
  f=$k
}
hold() {
  i=0
  while ! mkdir "$h/.ssh/.mig-lock" 2>/dev/null; do
    i=$((i + 1))
    [ $i -lt 100 ] || { rmdir "$h/.ssh/.mig-lock" 2>/dev/null; i=0; }
    sleep 0.1 2>/dev/null || sleep 1
  done
}
free() { rmdir "$h/.ssh/.mig-lock"; }
# Takes the lines out whose comment begins so; what remains is what it was, byte for byte. A line ends
# with what was made for it: d the folder, f the file, n nothing. With other lines of ours still there,
# the last of them will have to remove it.
forget() {
  made=
  [ -f "$f" ] && ! [ -L "$f" ] && grep -q " $1" "$f" 2>/dev/null || return 0
  made=$(sed -n "s/.* $1[^ ]*\([nfd]\)\$/\1/p" "$f" | tr -d '\n')
  case $made in *d*) k=d;; *f*) k=f;; *) k=n;; esac
  cp -p "$f" "$f.mig-new" && sed "/ $1[^ ]*\$/d" "$f" >"$f.mig-new" || { rm -f "$f.mig-new"; return 1; }
  if [ $k != n ] && grep -q ' mig-[^ ]*-n$' "$f.mig-new"; then
    l=$(grep -n ' mig-[^ ]*-n$' "$f.mig-new" | head -n 1); l=${l%%:*}
    cp -p "$f.mig-new" "$f.mig-now" && sed "${l}s/n\$/$k/" "$f.mig-new" >"$f.mig-now" && mv "$f.mig-now" "$f.mig-new" || { rm -f "$f.mig-new" "$f.mig-now"; return 1; }
    made=
  fi
  mv "$f.mig-new" "$f" || { rm -f "$f.mig-new"; return 1; }
  if [ -s "$f" ]; then return 0; fi
  case $made in *f*|*d*) rm -f "$f";; esac
  case $made in *d*) gone=yes;; esac
  return 0
}
