/**
 * Chopsticks runs your own functions on other machines: over ssh, in a Docker container, under
 * sudo, in a local subprocess, on hundreds of hosts at once. The function and every module it needs
 * travel through the pipe; nothing is installed at the far end but Deno or Node.
 *
 * @example
 * ```ts
 * import { Local } from "@chopsticks/chopsticks";
 * import { hostname } from "@chopsticks/chopsticks/facts";
 *
 * await using tun = new Local();
 * console.log(await tun.call(hostname));
 * ```
 *
 * @module
 */

export type { Failure } from "./agent/protocol/failure.ts";
export type { AgentInfo } from "./agent/protocol/hello.ts";
export type { SocketAddress, TcpAddress, UnixAddress } from "./agent/sockets/socket_address.ts";
export { ProtocolError } from "./agent/wire/protocol_error.ts";
export { DecodeError } from "./codec/decode_error.ts";
export { ErrorResult, type ErrorResultOptions } from "./group/error_result.ts";
export type { FileOperations } from "./group/file_operations.ts";
export { fold } from "./group/fold.ts";
export { type FilterOptions, Group, type Streamed } from "./group/group.ts";
export { GroupResult } from "./group/group_result.ts";
export { hosts } from "./group/hosts.ts";
export type { FailedItem, MapOptions, MappedItem, MapResult } from "./group/map.ts";
export type { GroupOptions, GroupWithOptions, Members } from "./group/members.ts";
export { AsyncResult, type AsyncResultOptions, type Completion } from "./queue/async_result.ts";
export { NotCompleted } from "./queue/not_completed.ts";
export { type Outcome, Queue, type QueueOptions, type QueueTarget } from "./queue/queue.ts";
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
} from "./tunnel/file_options.ts";
export { Container, type ContainerOptions } from "./tunnel/container.ts";
export { Docker, type DockerOptions } from "./tunnel/docker.ts";
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
export { Local, type LocalOptions } from "./tunnel/local.ts";
export { Podman, type PodmanOptions } from "./tunnel/podman.ts";
export type { ProvisionOptions } from "./tunnel/provision_options.ts";
export type { Ask, Password, Question } from "./tunnel/question.ts";
export type { ArgsIfChanged, NoCopy, Received } from "./tunnel/received.ts";
export { RemoteError } from "./tunnel/remote_error.ts";
export { type Settings, settings } from "./tunnel/settings.ts";
export { Slurm, type SlurmOptions } from "./tunnel/slurm.ts";
export {
  type SSHSudoOptions,
  SSHTunnel,
  SSHTunnel as Tunnel,
  type SSHTunnelOptions,
} from "./tunnel/ssh_tunnel.ts";
export { SubprocessTunnel } from "./tunnel/subprocess_tunnel.ts";
export { Sudo, type SudoOptions } from "./tunnel/sudo.ts";
export type { TunnelOptions, WithOptions } from "./tunnel/tunnel_options.ts";
export { visible } from "./tunnel/visible.ts";
