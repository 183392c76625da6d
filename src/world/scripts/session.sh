# members SESSION PROCESS START-TIME says which processes of a command live; the last two are those of the shell that
# notes its end, which is one of them. The session may have had commands before it: what they left there is older, or has
# a lower number in the same tick.
members() {
  cat /proc/[0-9]*/stat 2>/dev/null | awk -v s="$1" -v w="$2" -v b="$3" '{ i = $1 + 0; sub(/^.*\) /, ""); split($0, f, " "); t = f[20] + 0
    if (f[1] != "Z" && f[1] != "X" && f[4] == s && (t > b + 0 || t == b + 0 && i >= w + 0)) print i }'
}
