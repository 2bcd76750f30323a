import type { KubectlService, Unavailable } from "./services.ts";

/**
 * A stand-in for kubectl: there is no Kubernetes to be had on one bare machine. It knows `exec`,
 * `run` and `delete` as far as the driver uses them, and refuses all else. A pod is a process of
 * this machine, in namespaces of its own if it is a new one; of its pods it keeps the label and the
 * number of the process. As with the real one, the pod's output is followed by what kubectl says.
 */
const SCRIPT = `#!/bin/sh
# This is not kubectl: see kubectl.ts in the tests of Chopsticks.
refuse() { echo "error: the stand-in for kubectl does not know $*" >&2; exit 1; }
context= namespace=default label= rm= verb=
while [ $# -gt 0 ]; do
  case $1 in
    --context) context=$2; shift 2 ;;
    --namespace) namespace=$2; shift 2 ;;
    *) break ;;
  esac
done
if [ "$context" = lost ]; then echo 'error: context "lost" does not exist' >&2; exit 1; fi
verb=$1; shift
pods='FOLDER/pods'
case $verb in
  exec)
    while [ $# -gt 0 ]; do
      case $1 in
        -i) shift ;;
        -c) shift 2 ;;
        --) refuse "exec without a pod" ;;
        -*) refuse "$1" ;;
        *) break ;;
      esac
    done
    [ "$2" = -- ] || refuse "exec without --"
    if [ "$1" = lost ]; then echo 'Error from server (NotFound): pods "lost" not found' >&2; exit 1; fi
    shift 2
    exec 3<&0
    setsid "$@" <&3 3<&- &
    exec 3<&-
    # The shell would report a signal.
    { wait $!; } 2>/dev/null
    code=$?
    [ $code = 0 ] || echo "command terminated with exit code $code" >&2
    exit $code ;;
  run)
    while [ $# -gt 0 ]; do
      case $1 in
        -i | --quiet | --restart=Never | --image=*) shift ;;
        --rm) rm=1; shift ;;
        --labels=*) label=\${1#*=}; shift ;;
        -*) refuse "$1" ;;
        *) break ;;
      esac
    done
    pod=$1; shift
    [ "$1 $2" = "--command --" ] || refuse "run without --command --"
    shift 2
    if ! mkdir "$pods/$pod" 2>/dev/null; then
      echo "Error from server (AlreadyExists): pods \\"$pod\\" already exists" >&2; exit 1
    fi
    echo "$label" >"$pods/$pod/label"
    exec 3<&0
    setsid unshare --pid --fork --mount-proc --kill-child "$@" <&3 3<&- &
    exec 3<&-
    echo $! >"$pods/$pod/pid"
    { wait $!; } 2>/dev/null
    code=$?
    [ -z "$rm" ] || { rm -rf "$pods/$pod"; echo "pod \\"$pod\\" deleted"; }
    exit $code ;;
  delete)
    [ "$1" = pods ] || refuse "delete $1"
    for argument; do case $argument in --selector=*) label=\${argument#*=} ;; esac; done
    [ -n "$label" ] || refuse "delete without a selector"
    for pod in "$pods"/*; do
      [ "$(cat "$pod/label" 2>/dev/null)" = "$label" ] || continue
      kill -9 "$(cat "$pod/pid")"
      rm -rf "$pod"
      echo "pod \\"\${pod##*/}\\" deleted"
    done ;;
  *) refuse "$verb" ;;
esac
`;

/** Makes the stand-in. */
export async function placeKubectl(runFolder: string): Promise<KubectlService | Unavailable> {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) {
    return { available: false, reason: "no stand-in for kubectl: only for root on Linux" };
  }
  const folder = `${runFolder}/kubectl`;
  const bin = `${folder}/bin`;
  await Deno.mkdir(bin, { recursive: true });
  await Deno.mkdir(`${folder}/pods`);
  await Deno.writeTextFile(`${bin}/kubectl`, SCRIPT.replace("FOLDER", folder), { mode: 0o755 });
  return { available: true, bin, pods: `${folder}/pods` };
}
