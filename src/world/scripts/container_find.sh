# Finds what was begun by docker exec under a mark, here or from inside the container, and tells its
# session; or ends all of that: look|end here|inside. The mark is in MIG_LOOK and not among the
# arguments: Docker shows those among its events, where the mark is looked for too.
# What docker exec begins has its parent outside the container; what it leaves behind has not.
levels() {
  while read -r k v; do
    [ "$k" = NSpid: ] && { set -- $v; echo $#; return; }
  done 2>/dev/null <"/proc/$1/status"
  echo 1
}
is_begun() {
  read -r k 2>/dev/null <"/proc/$1/stat" || return 1
  p=$1; set -- ${k##*) }
  s=$4
  case $1 in Z|X) return 1;; esac
  [ "$2" = 0 ] && return 0
  read -r k 2>/dev/null <"/proc/$2/comm"
  case $k in containerd-shim*) return 0;; esac
  [ "$(levels "$2")" -lt "$(levels "$p")" ]
}
here() {
  for f in $(grep -lF -e "MIG_STEP=$MIG_LOOK" /proc/[0-9]*/environ 2>/dev/null); do
    f=${f#/proc/}
    is_begun "${f%/environ}" && { echo "$s"; return; }
  done
}
# Not every process in a container may be looked into: then nobody can say.
inside() {
  command -v grep >/dev/null || { echo unsure; return; }
  u=
  for d in /proc/[0-9]*; do
    p=${d#/proc/}
    [ "$p" = 1 ] || [ "$p" = $$ ] || ! is_begun "$p" && continue
    grep -qF -e "MIG_STEP=$MIG_LOOK" "$d/environ" 2>/dev/null
    case $? in 0) echo "$s"; return;; 1) ;; *) [ -d "$d" ] && u=unsure;; esac
  done
  echo $u
}
members() {
  for f in $(grep -lE -e "[)] [^ZX] [0-9]+ [0-9]+ $g " /proc/[0-9]*/stat 2>/dev/null); do
    f=${f#/proc/}
    printf ' %s' "${f%/stat}"
  done
}
g=$($2)
[ "$1" = end ] || { echo $g; exit 0; }
[ -z "$g" ] || [ "$g" = unsure ] && { echo $g; exit 0; }
# By the clock, for a look takes long on a machine that is busy.
read -r b k </proc/uptime; b=${b%.*} w=TERM
while :; do
  l=$(members)
  [ -z "$l" ] && exit 0
  read -r i k </proc/uptime; i=$((${i%.*} - b))
  [ $i -ge 10 ] && break
  [ $i -ge 3 ] && w=KILL
  [ -z "$w" ] || kill -$w $l 2>/dev/null
  [ "$w" = TERM ] && w=
  sleep 0.1 2>/dev/null || sleep 1
done
echo stayed
