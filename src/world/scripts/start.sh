# Starts a command at most once, waits, and answers with its output and exit code:
# FOLDER TOKEN SHA MARKER CWD INPUT(yes|no) KIND(text|words|file) COMMAND REHEARSAL "whole". The ninth is empty outside a lab:
# there it counts what was really started, and may be told to die at one of the two places where an end is lost.
# The last tells that nothing was cut off: a line that ends between two words, or between two quotes of one, is a line too.
r=$1 y=$2 s=$3 m=$4 w=$5 i=/dev/null f=$7 c=$8 z=$9 d=$1/$2
[ "$6" = no ] || i=$d.in
opens here
[ "${10}" = whole ] || say torn
read -r k 2>/dev/null <"$r/marker" || say wiped
[ "$k" = "$m" ] || say wiped
if [ -e "$d.started" ]; then
  # It was sent before. Whoever asks next is told how far it is.
  read -r k o 2>/dev/null <"$d.started"
  [ "$k" = "$s" ] || [ -z "$k" ] || say mismatch
  say again
fi
cd "$w" 2>/dev/null || say nofolder
[ -r "$i" ] || say noinput
{ true >>"$d.out" && true >>"$d.err"; } 2>/dev/null || say full
read -r k </proc/self/stat; set -- $k
read -r b </proc/sys/kernel/random/boot_id; read -r u k </proc/uptime
# The guard: only one of any number of copies of this script makes this file.
set -C; true 2>/dev/null >"$d.started" || say again; set +C
echo "$s $6 $1 ${22} $b $u" 2>/dev/null >"$d.started" || { rm -f "$d.started"; say full; }
[ "$z" = started ] && exit 1
[ -z "$z" ] || echo "$y" >>"$r/starts"
umask 022
# A TERM for the command's session must not take the one who notes its end.
trap : TERM HUP INT
if [ "$f" = file ]; then /bin/sh "$d.cmd" <"$i" >>"$d.out" 2>>"$d.err"
# Plain words of a program that is there need no shell of their own; whatever is odd has one, and its words for it.
elif [ "$f" = words ] && command -v "${c%% *}" >/dev/null 2>&1; then ($c) <"$i" >>"$d.out" 2>>"$d.err"
else /bin/sh -c "$c" <"$i" >>"$d.out" 2>>"$d.err"; fi
e=$?
[ "$z" = ended ] && exit 1
x=done; t=
[ -e "$d.timeout" ] && t=timeout
# One write of one short line: without its newline it is no status. (A rename would be no safer,
# for an empty file says the same as none, and costs as much as the rest of this script.)
echo "$e $t" 2>/dev/null >"$d.status" || x=unsaved
[ "$i" = /dev/null ] || rm -f "$d.in"
[ -s "$d.out" ] && head -c 4194304 "$d.out"
[ -s "$d.err" ] && { opens; head -c 4194304 "$d.err"; } >&2
say "$x $e $t"
