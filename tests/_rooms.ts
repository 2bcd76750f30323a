import type { Rooms } from "./_architecture.ts";

/** What is on top of `tunnel/` for everybody, and needs no tunnel. */
const PLAIN = [
  "tunnel/visible.ts",
  "tunnel/connection_error.ts",
  "tunnel/own_frames.ts",
  "tunnel/misuse.ts",
  "tunnel/depth_limit_error.ts",
  "tunnel/remote_error.ts",
  "tunnel/file_options.ts",
  "tunnel/forward.ts",
  "tunnel/tunnel_options.ts",
  "tunnel/settings.ts",
  "tunnel/callback.ts",
  "tunnel/question.ts",
  "tunnel/provision_options.ts",
];

/**
 * Who may import whom: each row is a room, and may import the rooms behind it. A room is a folder
 * or a single file; the row of a folder is about the files on top of it that have no row of their
 * own. CONTRIBUTING.md says what is in each room.
 *
 * A row gets longer only with a reason: a room that imports little can be read, tested and changed
 * alone.
 */
export const ROOMS: Rooms = {
  "codec/": [],

  "agent/wire/": [],
  "agent/protocol/": ["agent/wire/", "codec/"],
  "agent/files/": ["agent/wire/", "codec/"],
  "agent/trees/": ["agent/files/", "agent/protocol/", "agent/wire/", "codec/"],
  // Not files and trees: an agent that is only called has to start without them.
  "agent/runtime/": ["agent/agent_host.ts", "agent/protocol/", "agent/wire/", "codec/"],
  "agent/machine/": [],
  "agent/commands/": ["agent/agent_host.ts"],
  "agent/paths/": ["agent/protocol/"],
  "agent/agent_host.ts": ["agent/protocol/"],
  "agent/facts.ts": ["agent/machine/"],
  "agent/sh.ts": ["agent/commands/"],
  "agent/main.ts": ["agent/runtime/", "agent/protocol/", "agent/wire/"],
  "agent/file_service.ts": [
    ...["agent/trees/", "agent/files/", "agent/protocol/", "agent/wire/", "codec/"],
  ],
  "agent/sockets/": ["agent/wire/"],
  "agent/socket_service.ts": ["agent/sockets/", "agent/wire/", "codec/"],
  "agent/_sockets_bundle.ts": [],
  "agent/trace_service.ts": ["agent/agent_host.ts", "agent/protocol/"],
  "agent/_traces_bundle.ts": [],
  "agent/_bundle.ts": [],
  "agent/values.ts": ["agent/runtime/"],
  "agent/_values_bundle.ts": [],
  "agent/modules.ts": ["agent/runtime/"],
  "agent/_modules_bundle.ts": [],
  "agent/_files_bundle.ts": [],
  "agent/file_paths.ts": ["agent/paths/"],
  "agent/_paths_bundle.ts": [],
  // A worker has a loader of its own.
  "agent/threads/": ["agent/runtime/", "agent/agent_host.ts", "agent/protocol/"],
  "agent/workers.ts": ["agent/threads/", "agent/agent_host.ts"],
  "agent/_workers_bundle.ts": [],
  "agent/commonjs.ts": ["agent/runtime/"],
  "agent/_commonjs_bundle.ts": [],

  "tunnel/visible.ts": [],
  "tunnel/connection_error.ts": [],
  "tunnel/depth_limit_error.ts": [],
  "tunnel/own_frames.ts": [],
  "tunnel/misuse.ts": ["tunnel/own_frames.ts"],
  "tunnel/remote_error.ts": ["tunnel/visible.ts", "agent/protocol/"],
  "tunnel/file_options.ts": [],
  "tunnel/forward.ts": ["agent/sockets/"],
  "tunnel/question.ts": [],
  "tunnel/provision_options.ts": ["tunnel/file_options.ts"],
  "tunnel/tunnel_options.ts": [
    ...["tunnel/arguments/", "tunnel/question.ts", "tunnel/provision_options.ts"],
    ...["tunnel/misuse.ts"],
  ],
  "tunnel/settings.ts": ["tunnel/arguments/", "tunnel/misuse.ts", "agent/agent_host.ts"],
  "tunnel/callback.ts": ["tunnel/misuse.ts", "agent/agent_host.ts"],
  "tunnel/arguments/": [
    ...["tunnel/file_options.ts", "tunnel/forward.ts", "tunnel/misuse.ts"],
    ...["agent/trees/", "agent/sockets/"],
  ],
  "tunnel/source/": ["agent/protocol/"],
  "tunnel/modules/": [
    ...["tunnel/source/", "tunnel/arguments/", "tunnel/misuse.ts"],
    ...["agent/agent_host.ts", "agent/protocol/"],
  ],
  "tunnel/closure/": [
    ...["tunnel/modules/", "tunnel/source/", "tunnel/callback.ts"],
    ...["agent/protocol/", "codec/"],
  ],
  "tunnel/login/": [
    ...["tunnel/question.ts", "tunnel/visible.ts", "agent/agent_host.ts", "agent/wire/"],
    "tunnel/connection/replay_pipe.ts",
  ],
  // What was written is remembered alike by everybody who may have to write it once more.
  "tunnel/connection/replay_pipe.ts": ["agent/wire/"],
  // Shell code is quoted alike by everybody.
  "tunnel/connection/shell_quote.ts": [],
  "tunnel/provision/": [
    ...["tunnel/connection/shell_quote.ts", "tunnel/connection/replay_pipe.ts"],
    ...["tunnel/arguments/", "tunnel/provision_options.ts"],
    ...["tunnel/visible.ts", "agent/agent_host.ts", "agent/wire/"],
  ],
  "tunnel/connection/": [
    ...["tunnel/connection/shell_quote.ts", "tunnel/provision/", "tunnel/provision_options.ts"],
    ...["tunnel/login/", "tunnel/connection_error.ts", "tunnel/visible.ts"],
    ...["tunnel/depth_limit_error.ts", "tunnel/settings.ts"],
    ...["agent/agent_host.ts", "agent/_bundle.ts", "agent/protocol/", "agent/wire/"],
  ],
  // Signals and promises, for everybody who waits.
  "tunnel/session/abort_signal.ts": ["agent/protocol/", "agent/wire/", "codec/"],
  "tunnel/session/": [
    ...["tunnel/session/abort_signal.ts", "tunnel/connection/", "tunnel/arguments/"],
    ...["tunnel/closure/", "tunnel/modules/", "tunnel/source/", "tunnel/provision/"],
    ...["tunnel/own_frames.ts", "tunnel/remote_error.ts", "tunnel/visible.ts"],
    ...[
      "agent/_modules_bundle.ts",
      "agent/_values_bundle.ts",
      "agent/_files_bundle.ts",
      "agent/_paths_bundle.ts",
      "agent/_workers_bundle.ts",
      "agent/_commonjs_bundle.ts",
      "agent/_sockets_bundle.ts",
      "agent/_traces_bundle.ts",
    ],
    ...["agent/file_service.ts", "agent/socket_service.ts"],
    ...["agent/agent_host.ts", "agent/protocol/", "agent/wire/", "codec/"],
  ],
  "tunnel/operation/": [
    ...["tunnel/session/", "tunnel/session/abort_signal.ts", "tunnel/connection/"],
    ...["tunnel/login/", "tunnel/closure/", "tunnel/modules/"],
    ...["tunnel/arguments/", "tunnel/file_options.ts", "tunnel/forward.ts"],
    ...["tunnel/connection_error.ts", "tunnel/remote_error.ts", "tunnel/visible.ts"],
    ...["tunnel/own_frames.ts", "tunnel/misuse.ts"],
    ...["agent/file_service.ts", "agent/trees/", "agent/files/", "agent/sockets/"],
    ...["agent/protocol/", "agent/wire/", "codec/"],
  ],
  "tunnel/": [
    ...["tunnel/operation/", "tunnel/session/", "tunnel/connection/", "tunnel/modules/"],
    ...["tunnel/login/", "tunnel/arguments/", "tunnel/provision/"],
    ...["tunnel/connection/shell_quote.ts"],
    ...PLAIN,
    ...["agent/agent_host.ts", "agent/protocol/", "agent/files/"],
  ],

  "group/_failure_text.ts": ["tunnel/connection_error.ts", "tunnel/visible.ts"],
  "group/error_result.ts": [
    ...["group/_failure_text.ts", "tunnel/remote_error.ts", "tunnel/visible.ts"],
    ...["tunnel/arguments/", "agent/protocol/"],
  ],
  "group/ranges/": [],
  "group/files/": ["tunnel/arguments/", "tunnel/operation/", "agent/files/"],
  "group/limits/": ["group/error_result.ts", "tunnel/operation/", "tunnel/misuse.ts"],
  "group/table/": [
    ...["group/error_result.ts", "group/_failure_text.ts", "group/ranges/"],
    ...["tunnel/visible.ts", "codec/"],
  ],
  "group/inventory/": [
    ...["group/ranges/", "group/table/", "tunnel/", "tunnel/arguments/", "tunnel/visible.ts"],
    ...["tunnel/misuse.ts"],
  ],
  "group/": [
    ...["group/table/", "group/limits/", "group/ranges/", "group/inventory/"],
    "group/files/",
    ...["group/error_result.ts", "group/_failure_text.ts", "tunnel/", "tunnel/operation/"],
    ...["tunnel/session/abort_signal.ts", "tunnel/arguments/", ...PLAIN],
    ...["agent/protocol/", "agent/wire/"],
  ],

  // Can be taken out of here and used alone.
  "queue/scheduler.ts": [],
  "queue/": [
    ...["queue/scheduler.ts", "group/", "group/error_result.ts"],
    ...["tunnel/", "tunnel/operation/", "tunnel/session/abort_signal.ts"],
    ...["tunnel/arguments/", ...PLAIN],
    ...["agent/protocol/"],
  ],

  "mod.ts": [
    ...["queue/", "group/", "group/error_result.ts", "tunnel/", ...PLAIN],
    ...["agent/sockets/", "agent/protocol/", "agent/wire/", "codec/"],
  ],
  "cli/": [
    ...["group/", "group/error_result.ts", "group/files/", "group/ranges/", "group/table/"],
    ...["tunnel/", "tunnel/operation/", "tunnel/connection/", "tunnel/login/", ...PLAIN],
    ...["agent/facts.ts", "agent/sh.ts"],
  ],
  "cli.ts": ["cli/"],
  // They import the package by its name, as the scripts of a user do.
  "examples/": [],
};
