import { command, lastLine, startDaemon, which } from "./command.ts";
import { freePorts } from "./free_port.ts";
import { startNamespace } from "./namespace.ts";
import type { SlurmService, Unavailable } from "./services.ts";

const NODES = 2;

/**
 * Starts a Slurm cluster whose nodes are all this machine: munged, slurmctld and two slurmd.
 *
 * @param runFolder The run's folder.
 */
export async function startSlurm(
  runFolder: string,
  signal: AbortSignal,
): Promise<SlurmService | Unavailable> {
  const missing = (reason: string): Unavailable => ({
    available: false,
    reason: `no Slurm: ${reason}`,
  });
  if (Deno.build.os !== "linux") return missing("this is not Linux");
  if (Deno.uid() !== 0) return missing("only root can start slurmd");
  for (const program of ["munged", "slurmctld", "slurmd", "srun"]) {
    if (which(program) === undefined) {
      return missing("install slurmctld, slurmd, slurm-client and munge");
    }
  }
  const folder = `${runFolder}/slurm`;
  const config = `${folder}/slurm.conf`;
  const env = { SLURM_CONF: config };
  try {
    await Deno.mkdir(`${folder}/state`, { recursive: true });
    // Everybody who is asked who they are has to reach munge's socket.
    await Deno.chmod(folder, 0o755);
    await Deno.writeFile(`${folder}/key`, crypto.getRandomValues(new Uint8Array(128)), {
      mode: 0o400,
    });
    await Deno.writeTextFile(config, slurmConf(folder));
    startDaemon([
      ...[which("munged")!, "--foreground", "--force", `--key-file=${folder}/key`],
      ...[`--socket=${folder}/socket`, `--pid-file=${folder}/munged.pid`],
      ...[`--seed-file=${folder}/seed`, `--log-file=${folder}/munged.log`],
    ], `${folder}/munged.out`);
    startDaemon([which("slurmctld")!, "-D", "-f", config], `${folder}/slurmctld.out`);
    const nodes = Array.from({ length: NODES }, (_, i) => `n${i + 1}`);
    for (const node of nodes) await Deno.mkdir(`${folder}/spool/${node}`, { recursive: true });
    await startNamespace(
      'slurmd=$1;config=$2;shift 2;for n;do "$slurmd" -D -N "$n" -f "$config"& done',
      [which("slurmd")!, config, ...nodes],
      `${folder}/slurmd.out`,
    );
    for (let tries = 1;; tries++) {
      const { stdout, problem } = await command(["sinfo", "--noheader", "--format=%T %D"], {
        env,
        signal,
      });
      if (stdout === `idle ${NODES}\n`) break;
      if (tries === 300 || signal.aborted) {
        const log = await Deno.readTextFile(`${folder}/slurmctld.log`).catch(() => "");
        return missing(problem || stdout.trim() || lastLine(log));
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  } catch (error) {
    return missing(error instanceof Error ? error.message : String(error));
  }
  return { available: true, config };
}

function slurmConf(folder: string): string {
  const [controller, ...ports] = freePorts(NODES + 1);
  const nodes = ports.map((port, i) =>
    `NodeName=n${i + 1} NodeHostname=${Deno.hostname()} NodeAddr=127.0.0.1 Port=${port} CPUs=64`
  );
  return `ClusterName=chopsticks
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort=${controller}
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=${folder}/socket
StateSaveLocation=${folder}/state
SlurmdSpoolDir=${folder}/spool/%n
SlurmctldPidFile=${folder}/slurmctld.pid
SlurmdPidFile=${folder}/slurmd.%n.pid
SlurmctldLogFile=${folder}/slurmctld.log
SlurmdLogFile=${folder}/slurmd.%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
# This machine may have less than the nodes say.
SlurmdParameters=config_overrides
ReturnToService=2
# Seconds between SIGTERM and SIGKILL for what a cancelled job still runs. The default is 30.
KillWait=1
${nodes.join("\n")}
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
`;
}
