# Says which rsync is here, and how exactly files below a path keep times: - | PATH.
# With CLIENT-LINES after it, each quoted as one word: what rsync would ask of the other side, one word a
# line, an empty line after each of them. missing | ok VERSION fine|seconds aes|slow.
begin
command -v rsync >/dev/null 2>&1 || say missing
p=$1; shift
exec 4>&1
for l; do
  eval "rsync $l" >/dev/null 2>&1 </dev/null
  echo
done
v=$(rsync --version 2>/dev/null | sed -n '1s/^rsync  *version v*\([0-9.]*\).*/\1/p')
# Nobody can set a change time: its digits are those that the file system keeps. Of the usual ones
# it is known that they keep all or none; others keep tenths of microseconds, or less.
coarse() {
  case $(stat -f -c %T -- "$1" 2>/dev/null) in
    ext*|xfs|btrfs|tmpfs|ramfs|overlayfs|zfs|f2fs) e='\.0*$';;
    *) e='00$';;
  esac
  c=$(find "$1" -maxdepth 1 2>/dev/null | head -n 20 | tr '\n' '\0' | xargs -0 stat -c %z -- 2>/dev/null | cut -d ' ' -f 2)
  [ -n "$c" ] && ! printf '%s\n' "$c" | grep -qv "$e"
}
t=fine
if [ "$p" != - ]; then
  while ! [ -e "$p" ] && [ -n "$p" ]; do p=${p%/*}; done
  coarse "${p:-/}" && t=seconds
  # What is mounted below; \040 is a space.
  m=$(awk -v p="$p/" 'index($5, p) == 1 { gsub(/\\040/, " ", $5); print $5 }' /proc/self/mountinfo 2>/dev/null)
  while read -r d; do [ -n "$d" ] && coarse "$d" && t=seconds; done <<M
$m
M
fi
# Whether the processor itself can do AES.
a=slow
grep -qw aes /proc/cpuinfo 2>/dev/null && a=aes
say "ok ${v:-unknown} $t $a"
