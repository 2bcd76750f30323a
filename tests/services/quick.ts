/**
 * Test files that need no service but are too slow for `deno task quick`, with the reason. Slow
 * tests in other files say so themselves, by `slow()` of services.ts.
 */
export const SLOW_FILES: Readonly<Record<string, string>> = {
  "tests/examples/": "runs each example as a script",
  "tests/readme_test.ts": "starts from an empty folder, as a new user",
  "tests/services/services_test.ts": "runs the test runner with all services",
  "tests/package_json_test.ts": "installs packages into new folders",
  "tests/http_import_test.ts": "downloads packages into an empty cache",
  "tests/agent/wire/fuzz_test.ts": "gives 100,000 random inputs",
  "tests/agent/sh_test.ts": "runs commands until they are ended",
  "tests/codec/cost_test.ts": "decodes what takes long",
  "tests/codec/round_trip_test.ts": "encodes thousands of random graphs",
  "tests/group/follow_test.ts": "follows files that grow",
  "tests/group/limits_test.ts": "waits for limits of time",
  "tests/group/map_test.ts": "kills agents at work",
  "tests/cli/": "runs the command line as a program",
  "tests/churn/": "kills things at 40 random moments",
  "tests/packages/": "uses packages of npm",
  "tests/types/compiler_options_test.ts": "type-checks the library five times",
  "tests/queue/async_result_test.ts": "waits for operations in each state",
  "tests/tunnel/broken_globals_test.ts": "starts an agent for each built-in",
  "tests/tunnel/busy_death_test.ts": "waits until busy agents are gone",
  "tests/tunnel/dead_link_test.ts": "waits until dead links are noticed",
  "tests/tunnel/isolate_end_test.ts": "type-checks and ends isolates",
  "tests/tunnel/login/": "types at terminals",
  "tests/tunnel/provision/": "hides interpreters from far ends",
  "tests/tunnel/modules/module_server_test.ts": "asks for a file in a thousand spellings",
  "tests/tunnel/modules/packages_test.ts": "uses packages of npm",
  "tests/tunnel/modules/projects_test.ts": "makes and installs projects",
  "tests/tunnel/modules/served_folders_test.ts": "swaps files for links thousands of times",
  "tests/tunnel/modules/single_file_test.ts": "bundles a tool",
  "tests/tunnel/modules/workers_test.ts": "hides the disk from agents",
  "tests/tunnel/provision/relayed_test.ts": "compresses Deno when it is first run",
  "tests/tunnel/connection/next_interpreter_test.ts": "waits for interpreters that hang",
  "tests/tunnel/connection/hostile_start_test.ts": "starts far ends that fail in 60 ways",
  "tests/tunnel/closure/by_value_test.ts": "captures variables in 300 ways",
  "tests/tunnel/connection/kill_command_test.ts": "kills groups of processes",
  "tests/tunnel/connection/reaper_test.ts": "kills groups of processes",
  "tests/tunnel/drivers_test.ts": "starts programs that put work into queues",
  "tests/tunnel/modules/computed_imports_test.ts": "makes and installs projects",
  "tests/tunnel/modules/require_esm_test.ts": "makes and installs projects",
  "tests/tunnel/operation/fetch_dir_test.ts": "compares with rsync",
  "tests/tunnel/operation/forward_end_test.ts": "kills both ends of forwards",
  "tests/tunnel/operation/put_dry_run_test.ts": "tries all that a put could do",
  "tests/tunnel/operation/sync_diff_test.ts": "makes diffs of large folders",
  "tests/tunnel/operation/sync_test.ts": "carries many and deep folders",
  "tests/tunnel/death_test.ts": "kills agents and controllers",
  "tests/tunnel/closure/random_programs_test.ts": "runs 300 programs",
  "tests/tunnel/closure/places_test.ts": "starts REPLs, notebooks and scripts",
  "tests/tunnel/closure/package_functions_test.ts": "loads and bundles many packages",
  "tests/tunnel/permissions_test.ts": "runs a script for each tunnel",
  "tests/tunnel/recursion_test.ts": "starts agents of agents",
  "tests/tunnel/shipping_test.ts": "measures calls over a slow link",
  "tests/tunnel/operation/large_files_test.ts": "moves files of 4 GiB",
  "tests/tunnel/operation/open_files_test.ts": "runs out of descriptors",
  "tests/tunnel/operation/sparse_files_test.ts": "moves files with large holes",
  "tests/tunnel/operation/forward_test.ts": "opens 100 connections at once",
  "tests/tunnel/operation/sync_damage_test.ts": "damages transfers at every byte",
  "tests/tunnel/operation/sync_attack_test.ts": "attacks a sync at many moments",
  "tests/tunnel/operation/traces_test.ts": "runs scripts whose agents export traces",
  "tests/tunnel/operation/transfer_abort_test.ts": "aborts transfers at many moments",
  "tests/tunnel/operation/transfer_death_test.ts": "kills agents while they transfer",
  "tests/tunnel/operation/transfer_hostile_test.ts": "runs far ends that never stop sending",
};

/**
 * The arguments of `deno test` for a quick run: three processes, which run side by side, since
 * some tests look at the memory and the descriptors of their process. The types have been checked
 * before. The examples in docs are left out: each starts an isolate, which takes ten seconds.
 *
 * @param files The files to test, if not all of them.
 */
export function quickRuns(files: readonly string[]): string[][] {
  if (files.length > 0) return [["--no-check", ...files]];
  const slow = Object.keys(SLOW_FILES).join(",");
  const common = ["--no-check", "--reporter=dot"];
  return [
    [...common, `--ignore=${slow},tests/tunnel/operation`, "tests/tunnel"],
    [...common, `--ignore=${slow}`, "tests/tunnel/operation"],
    [...common, `--ignore=${slow},README.md,tests/tunnel`],
  ];
}
