/**
 * Kills the process group of the process that has `$2$1` among its arguments, if there still is one
 * a second after it was found: the agent may have files to remove. Each process is killed by
 * itself, since the number of the group may be 1 in a container, and -1 means all processes. A
 * process may start another meanwhile, so it is done three times.
 *
 * yash reads only up to the first zero byte by itself.
 */
const SCRIPT = "exec 2>/dev/null;" +
  "f() { g=;for p in /proc/[0-9]*;do s=;read -r s <$p/cmdline;" +
  'case ${YASH_VERSION-} in ?*)s=$(tr "\\0" _ <$p/cmdline);esac;case $s in *$2$1*)s=;' +
  "read -r s <$p/stat;set -- ${s##*\\) };g=$3;return;esac;done;};" +
  'k() { for p in /proc/[0-9]*;do s=;read -r s <$p/stat;set -- ${s##*\\) };[ "$3" = $g ]&&' +
  "kill -9 ${p#/proc/};done;};" +
  'f $1 $2;[ "$g" ]||exit 0;sleep 1;f $1 $2;[ "$g" ]||exit 0;k;k;k;exit 0';

/**
 * The argv that kills an agent and what it runs, for the far end. The shells and the programs in
 * front of it do not have the whole marker among their arguments, so they are not found there.
 *
 * @param marker The word that the agent and the shells beside it have among their arguments.
 */
export function killCommand(marker: string): readonly string[] {
  const middle = marker.length / 2;
  return ["sh", "-c", SCRIPT, "sh", marker.slice(middle), marker.slice(0, middle)];
}
