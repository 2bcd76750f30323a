import { SubprocessTunnel, type TunnelOptions } from "../../../mod.ts";

/** What a {@linkcode Bare} machine is like. */
export interface BareMachine {
  /** The home folder of the user there. */
  readonly home: string;
  /** Commands that are not there. */
  readonly lacks?: readonly string[];
  /** The Deno that {@linkcode fakeDeno} runs; that of the tests, unless they run at a far end. */
  readonly real?: string;
  /** More that root does there before the agent's shell starts. */
  readonly setup?: string;
}

/**
 * Hides interpreters and commands. The Deno of the tests is still at `/run/real_deno`, for
 * {@linkcode fakeDeno}.
 */
const HIDE = `
mount -t tmpfs none /run && touch /run/real_deno && mount --bind "$REAL" /run/real_deno || exit 1
mount -t tmpfs none /mnt
for folder in $(echo "$PATH:/usr/local/bin:/opt/homebrew/bin:/usr/bin:/snap/bin" | tr : " "); do
  for name in deno node nodejs $LACKS; do
    [ -f "$folder/$name" ] && mount --bind /dev/null "$folder/$name"
  done
done
unset XDG_CACHE_HOME TMPDIR
cd /
eval "$SETUP"
exec "$@"`;

/** The argv that runs a command on a bare machine: a mount namespace of this one. */
export function bareCommand(machine: BareMachine): string[] {
  const { home, lacks = [], setup = "", real = Deno.realPathSync(Deno.execPath()) } = machine;
  return [
    "env",
    `HOME=${home}`,
    `REAL=${real}`,
    `LACKS=${lacks.join(" ")}`,
    `SETUP=${setup}`,
    ...["unshare", "-m", "sh", "-c", HIDE, "sh"],
  ];
}

/** A far end without Deno and Node. */
export class Bare extends SubprocessTunnel {
  readonly host: string;
  readonly #machine: BareMachine;

  constructor(machine: BareMachine, options: TunnelOptions = {}, host = "bare") {
    super({ cwd: "/", ...options });
    this.#machine = machine;
    this.host = host;
  }

  override command(): string[] {
    return bareCommand(this.#machine);
  }
}

/**
 * A program that says that it is Deno, and runs the real one of a {@linkcode Bare} machine. It is
 * small, so that tests need not send 95 MB.
 */
export function fakeDeno(version: string = Deno.version.deno): string {
  return `#!/bin/sh
case $1 in
  --version) echo "deno ${version} (fake)" ;;
  *) export FAKE_DENO="$0"; exec /run/real_deno "$@" ;;
esac
`;
}
