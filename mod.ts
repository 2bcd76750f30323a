/**
 * Chopsticks runs your own functions on other machines: over ssh, in a Docker container, under
 * sudo, in a local subprocess, on hundreds of hosts at once. The function and every module it needs
 * travel through the pipe; nothing is installed at the far end but Deno or Node.
 *
 * ```ts
 * import { Group, Local } from "@chopsticks/chopsticks";
 * import { hostname } from "@chopsticks/chopsticks/facts";
 *
 * await using tun = new Local(); // or new Tunnel("www.example.com")
 * console.log(await tun.call(hostname));
 *
 * // Or new Group(["web1", "web2"])
 * await using web = new Group([new Local("web1"), new Local("web2")]);
 * console.log(await web.call(hostname));
 * ```
 *
 * ## Tunnels
 *
 * {@linkcode Tunnel} goes to a host over ssh, {@linkcode Docker} and {@linkcode Podman} to a new
 * container, {@linkcode Container} to one that runs already, {@linkcode Kubernetes} to a pod,
 * {@linkcode Slurm} to a job of a cluster, {@linkcode Sudo} to another user, {@linkcode Local} to a
 * process of this machine, and a {@linkcode SubprocessTunnel} of your own to anything else.
 *
 * All have the methods of {@linkcode BaseTunnel} ({@linkcode BaseTunnel.prototype.call | call},
 * {@linkcode BaseTunnel.prototype.put | put}, {@linkcode BaseTunnel.prototype.sync | sync} and
 * more) and take the {@linkcode TunnelOptions}. {@linkcode callback} wraps a function that is to
 * run here.
 *
 * ## Groups
 *
 * A {@linkcode Group} does the same on many hosts and gives a {@linkcode GroupResult}; it merges
 * streams ({@linkcode Group.prototype.follow | follow}) and shares work
 * ({@linkcode Group.prototype.map | map}). {@linkcode hosts} and {@linkcode fold} read and write
 * ranges of names.
 *
 * ## Queues
 *
 * A {@linkcode Queue} does different things on many hosts, and no host waits for another. It gives
 * {@linkcode AsyncResult}s.
 *
 * ## Files and sockets
 *
 * Options and results of transfers are {@linkcode PutOptions}, {@linkcode FetchOptions} and
 * {@linkcode SyncOptions}, {@linkcode PutResult}, {@linkcode FetchResult} and
 * {@linkcode SyncResult}. {@linkcode Forwarding.prototype.forward | forward} and
 * {@linkcode Forwarding.prototype.reverse | reverse} carry connections, and give a
 * {@linkcode Forward}.
 *
 * ## Errors and questions
 *
 * A {@linkcode RemoteError} says that a function threw at the far end, a
 * {@linkcode ConnectionError} that there is no connection. An {@linkcode ErrorResult} is such an
 * error of a host in a group. {@linkcode Ask} and {@linkcode askOnce} are about passwords.
 *
 * ## Other entry points
 *
 * `@chopsticks/chopsticks/sh` runs commands, `/facts` tells about the machine, `/codec` turns
 * values into bytes and back, `/scheduler` runs tasks in lanes.
 *
 * @module
 */

// Docs list the names in this order: those that most people look for come first.
export { Tunnel } from "./tunnel/ssh_tunnel.ts";
export { Group } from "./group/group.ts";
export { Queue } from "./queue/queue.ts";
export { Local } from "./tunnel/local.ts";
export { Docker } from "./tunnel/docker.ts";

export type { Failure } from "./agent/protocol/failure.ts";
export type { AgentInfo } from "./agent/protocol/hello.ts";
export type { SocketAddress, TcpAddress, UnixAddress } from "./agent/sockets/socket_address.ts";
export { ProtocolError } from "./agent/wire/protocol_error.ts";
export { DecodeError } from "./codec/decode_error.ts";
export { ErrorResult, type ErrorResultOptions } from "./group/error_result.ts";
export type { FileOperations } from "./group/file_operations.ts";
export { fold } from "./group/fold.ts";
export type { FilterOptions, Streamed } from "./group/group.ts";
export { GroupResult } from "./group/group_result.ts";
export { hosts } from "./group/hosts.ts";
export type { FailedItem, MapOptions, MappedItem, MapResult } from "./group/map.ts";
export type { GroupOptions, GroupWithOptions, Members } from "./group/members.ts";
export { AsyncResult, type AsyncResultOptions, type Completion } from "./queue/async_result.ts";
export { NotCompleted } from "./queue/not_completed.ts";
export type { Outcome, QueueOptions, QueueTarget } from "./queue/queue.ts";
export { askOnce } from "./tunnel/ask_once.ts";
export { BaseTunnel, type Hosts, type RemoteModule } from "./tunnel/base_tunnel.ts";
export { callback } from "./tunnel/callback.ts";
export {
  ConnectionError,
  type ConnectionErrorOptions,
  RuntimeNotFoundError,
} from "./tunnel/connection_error.ts";
export { DepthLimitError } from "./tunnel/depth_limit_error.ts";
export type {
  DiffOptions,
  Fetched,
  FetchedBytes,
  FetchedStream,
  FetchOptions,
  FetchResult,
  FetchTarget,
  FileOptions,
  FileProgress,
  PutOptions,
  PutResult,
  PutSource,
  SyncOptions,
  SyncProgress,
  SyncResult,
  TransferredFile,
} from "./tunnel/file_options.ts";
export { Container, type ContainerOptions } from "./tunnel/container.ts";
export type { DockerOptions } from "./tunnel/docker.ts";
export type {
  Forward,
  ForwardAddress,
  ForwardOptions,
  ForwardSource,
  ForwardTarget,
  UnixSocket,
} from "./tunnel/forward.ts";
export type { Forwarding } from "./tunnel/forwarding.ts";
export { Kubernetes, type KubernetesOptions } from "./tunnel/kubernetes.ts";
export type { LocalOptions } from "./tunnel/local.ts";
export { Podman, type PodmanOptions } from "./tunnel/podman.ts";
export type { ProvisionOptions } from "./tunnel/provision_options.ts";
export type { Ask, Password, Question } from "./tunnel/question.ts";
export type { ArgsIfChanged, NoCopy, Received } from "./tunnel/received.ts";
export { RemoteError } from "./tunnel/remote_error.ts";
export { type Settings, settings } from "./tunnel/settings.ts";
export { Slurm, type SlurmOptions } from "./tunnel/slurm.ts";
export { type SSHSudoOptions, SSHTunnel, type SSHTunnelOptions } from "./tunnel/ssh_tunnel.ts";
export { SubprocessTunnel } from "./tunnel/subprocess_tunnel.ts";
export { Sudo, type SudoOptions } from "./tunnel/sudo.ts";
export type { TunnelOptions, WithOptions } from "./tunnel/tunnel_options.ts";
export { visible } from "./tunnel/visible.ts";
