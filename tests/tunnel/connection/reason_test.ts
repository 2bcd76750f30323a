import { assertEquals } from "@std/assert";
import { isOnlyNoise, reasonIn } from "../../../tunnel/connection/reason.ts";

const CHANGED = "@".repeat(59);

/** What programs print, by program, each with the line that says why. */
const TEXTS: Readonly<Record<string, readonly (readonly [text: string, reason: string])[]>> = {
  "ssh and sshd": [
    ["ssh: connect to host web1 port 22: Connection timed out", "="],
    ["ssh: Could not resolve hostname web1: Name or service not known", "="],
    [
      "Warning: Permanently added '10.0.0.1' (ED25519) to the list of known hosts.\n" +
      "me@10.0.0.1: Permission denied (publickey,password).",
      "me@10.0.0.1: Permission denied (publickey,password).",
    ],
    [
      `${CHANGED}\n@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\n${CHANGED}\n` +
      "IT IS POSSIBLE THAT SOMEONE IS DOING SOMETHING NASTY!\n" +
      "Someone could be eavesdropping on you right now (man-in-the-middle attack)!\n" +
      "It is also possible that a host key has just been changed.\n" +
      "Offending ED25519 key in /root/.ssh/known_hosts:3\n" +
      "Host key for web1 has changed and you have requested strict checking.\n" +
      "Host key verification failed.",
      "Host key verification failed.",
    ],
    [
      "No ED25519 host key is known for web1 and you have requested strict checking.\n" +
      "Host key verification failed.",
      "Host key verification failed.",
    ],
    [
      "Warning: Identity file x not accessible: No such file or directory.\n" +
      "Your account has expired; please contact your system administrator.\n" +
      "Connection closed by 10.0.0.1 port 22",
      "Your account has expired; please contact your system administrator.",
    ],
    [
      "kex_exchange_identification: Connection closed by remote host\n" +
      "Connection closed by 10.0.0.1 port 22",
      "kex_exchange_identification: Connection closed by remote host",
    ],
    [
      "ssh: Could not resolve hostname jump: Name or service not known\n" +
      "kex_exchange_identification: Connection closed by remote host\n" +
      "Connection closed by UNKNOWN port 65535",
      "ssh: Could not resolve hostname jump: Name or service not known",
    ],
    [
      "Received disconnect from 10.0.0.1 port 22:2: Too many authentication failures\n" +
      "Disconnected from 10.0.0.1 port 22",
      "Received disconnect from 10.0.0.1 port 22:2: Too many authentication failures",
    ],
    [
      "channel 0: open failed: connect failed: Name or service not known\n" +
      "stdio forwarding failed\nConnection closed by UNKNOWN port 65535",
      "channel 0: open failed: connect failed: Name or service not known",
    ],
    [
      "Unable to negotiate with 10.0.0.1 port 22: no matching host key type found. " +
      "Their offer: ssh-rsa",
      "=",
    ],
    [
      "** WARNING: connection is not using a post-quantum key exchange algorithm.\n" +
      '** This session may be vulnerable to "store now, decrypt later" attacks.\n' +
      "** The server may need to be upgraded. See https://openssh.com/pq.html\n" +
      "me@web1: Permission denied (publickey).",
      "me@web1: Permission denied (publickey).",
    ],
    [
      "WARNING: Your password has expired.\nPassword change required but no TTY available.",
      "Password change required but no TTY available.",
    ],
    [
      '"System is booting up. Unprivileged users are not permitted to log in yet. Please come ' +
      'back later. For technical details, see pam_nologin(8)."\nConnection closed by ::1 port 22',
      '"System is booting up. Unprivileged users are not permitted to log in yet. Please come ' +
      'back later. For technical details, see pam_nologin(8)."',
    ],
    ["Connection closed by 10.0.0.1 port 22", "="],
    [
      "/root/.ssh/config: line 3: Bad configuration option: foo\n" +
      "/root/.ssh/config: terminating, 1 bad configuration options",
      "/root/.ssh/config: terminating, 1 bad configuration options",
    ],
  ],
  sudo: [
    [
      "sudo: unable to resolve host web1: Temporary failure in name resolution\n" +
      "sudo: a password is required",
      "sudo: a password is required",
    ],
    [
      "\nWe trust you have received the usual lecture from the local System\n" +
      "Administrator. It usually boils down to these three things:\n\n" +
      "    #1) Respect the privacy of others.\n    #2) Think before you type.\n" +
      "    #3) With great power comes great responsibility.\n\n" +
      "For security reasons, the password you type will not be visible.\n\n" +
      "sudo: a terminal is required to read the password; either use the -S option to read " +
      "from standard input or configure an askpass helper\nsudo: a password is required",
      "sudo: a password is required",
    ],
    [
      "sudo: unknown user nosuch\nsudo: error initializing audit plugin sudoers_audit",
      "sudo: unknown user nosuch",
    ],
    [
      "sudo: /etc/sudoers is world writable\n" +
      "sudo: error initializing audit plugin sudoers_audit",
      "sudo: /etc/sudoers is world writable",
    ],
    [
      "sudo: unable to resolve host web1: Name or service not known\n" +
      "Sorry, user ncadm is not allowed to execute '/bin/sh' as root on web1.",
      "Sorry, user ncadm is not allowed to execute '/bin/sh' as root on web1.",
    ],
    [
      "bob is not in the sudoers file.\nThis incident has been reported to the administrator.",
      "bob is not in the sudoers file.",
    ],
    [
      "Sorry, try again.\nsudo: no password was provided\nsudo: 1 incorrect password attempt",
      "sudo: 1 incorrect password attempt",
    ],
    [
      "sudo: unable to resolve host web1\nsudo: sorry, you must have a tty to run sudo",
      "sudo: sorry, you must have a tty to run sudo",
    ],
    ["bash: line 1: exec: sudo: not found", "="],
  ],
  docker: [
    [
      "Unable to find image 'none:latest' locally\ndocker: Error response from daemon: pull " +
      "access denied for none, repository does not exist or may require 'docker login'.\n" +
      "See 'docker run --help'.",
      "docker: Error response from daemon: pull access denied for none, repository does not " +
      "exist or may require 'docker login'.",
    ],
    [
      "unknown flag: --x\n\nUsage:  docker run [OPTIONS] IMAGE [COMMAND] [ARG...]\n\n" +
      "Run 'docker run --help' for more information",
      "unknown flag: --x",
    ],
    [
      'docker: Error response from daemon: failed to create task for container: exec: "sh": ' +
      "executable file not found in $PATH: unknown.\n\n" +
      "Run 'docker run --help' for more information",
      'docker: Error response from daemon: failed to create task for container: exec: "sh": ' +
      "executable file not found in $PATH: unknown.",
    ],
    [
      "WARNING: The requested image's platform (linux/arm64) does not match the detected host " +
      "platform (linux/amd64/v3) and no specific platform was requested\nexec /bin/sh: exec " +
      "format error",
      "exec /bin/sh: exec format error",
    ],
  ],
  podman: [
    [
      "Trying to pull docker.io/library/none:latest...\nError: initializing source " +
      "docker://none:latest: reading manifest latest: unauthorized\n" +
      'time="2026-01-01T00:00:00Z" level=warning msg="Failed to mount subscriptions"',
      "Error: initializing source docker://none:latest: reading manifest latest: unauthorized",
    ],
    [
      'Error: short-name "none" did not resolve to an alias and no unqualified-search ' +
      'registries are defined in "/etc/containers/registries.conf"',
      "=",
    ],
  ],
  kubectl: [
    ['Error from server (NotFound): pods "web" not found', "="],
    [
      'Defaulted container "a" out of: a, b\nerror: unable to upgrade connection: container ' +
      'not found ("a")',
      'error: unable to upgrade connection: container not found ("a")',
    ],
    [
      'OCI runtime exec failed: exec failed: unable to start container process: exec: "sh": ' +
      "executable file not found in $PATH: unknown\ncommand terminated with exit code 126",
      'OCI runtime exec failed: exec failed: unable to start container process: exec: "sh": ' +
      "executable file not found in $PATH: unknown",
    ],
    [
      "E0101 00:00:00.000000 1 memcache.go:265] couldn't get current server API group list\n" +
      "The connection to the server localhost:8080 was refused - did you specify the right host?",
      "The connection to the server localhost:8080 was refused - did you specify the right host?",
    ],
  ],
  srun: [
    [
      "srun: job 12 queued and waiting for resources\nsrun: error: Unable to allocate " +
      "resources: Invalid account or account/partition combination specified",
      "srun: error: Unable to allocate resources: Invalid account or account/partition " +
      "combination specified",
    ],
    [
      "slurmstepd: error: execve(): sh: No such file or directory\n" +
      "srun: error: n1: task 0: Exited with exit code 2",
      "slurmstepd: error: execve(): sh: No such file or directory",
    ],
    [
      "srun: Job step aborted: Waiting up to 32 seconds for job step to finish.\n" +
      "slurmstepd: error: *** STEP 5.0 ON n1 CANCELLED AT 2026-01-01 DUE TO TIME LIMIT ***\n" +
      "srun: error: n1: task 0: Terminated",
      "slurmstepd: error: *** STEP 5.0 ON n1 CANCELLED AT 2026-01-01 DUE TO TIME LIMIT ***",
    ],
  ],
  "bash and others": [
    [
      "bash: warning: setlocale: LC_ALL: cannot change locale (de_DE.UTF-8)\n" +
      "This account is currently not available.",
      "This account is currently not available.",
    ],
    [
      "/etc/profile.d/x.sh: line 3: foo: command not found\n" +
      "This account is currently not available.",
      "This account is currently not available.",
    ],
    [
      "perl: warning: Setting locale failed.\nbash: cannot set terminal process group (-1): " +
      "Inappropriate ioctl for device\nbash: no job control in this shell\n" +
      "bash: line 1: exec: sh: not found",
      "bash: line 1: exec: sh: not found",
    ],
    ["/opt/deno: 1: Syntax error: word unexpected", "="],
    ["bash: warning: setlocale: LC_ALL: cannot change locale (de_DE.UTF-8)", "="],
    [
      "No version is set for command deno\nConsider adding one of the following versions in " +
      "your config file at ~/.tool-versions\ndeno 2.9.0",
      "No version is set for command deno",
    ],
    ["one\ntwo\nthree", "two ⏎ three"],
    ["", ""],
  ],
  deno: [
    [
      "\x1b[0m\x1b[1m\x1b[31merror\x1b[0m: unexpected argument '--x' found\n\n" +
      "  tip: to pass '--x' as a value, use '-- --x'\n\nUsage: deno run [OPTIONS] [SCRIPT_ARG]...",
      "error: unexpected argument '--x' found",
    ],
    [
      "\n\n#\n# Fatal process out of memory: Failed to reserve virtual memory for CodeRange\n#\n" +
      "==== C stack trace ===============================\n\n    deno(+0x1234) [0x5678]",
      "# Fatal process out of memory: Failed to reserve virtual memory for CodeRange",
    ],
    ["/usr/bin/deno: /lib/libc.so.6: version `GLIBC_2.27' not found (required by deno)", "="],
    [
      "thread 'main' panicked at cli/main.rs:1:\ncalled `Result::unwrap()` on an `Err` value: " +
      "Os { code: 13, kind: PermissionDenied }\nnote: run with `RUST_BACKTRACE=1`",
      "called `Result::unwrap()` on an `Err` value: Os { code: 13, kind: PermissionDenied }",
    ],
    ["sh: 1: exec: /opt/deno: Exec format error", "="],
  ],
  node: [
    ["node: bad option: --experimental-vm-modules", "="],
    [
      "node:internal/modules/cjs/loader:1210\n  throw err;\n  ^\n\n" +
      "Error: Cannot find module '/run'\n    at Module.failed (node:internal:1207:15) {\n" +
      "  code: 'MODULE_NOT_FOUND'\n}\n\nNode.js v20.20.2",
      "Error: Cannot find module '/run'",
    ],
    [
      "<--- Last few GCs --->\n\nFATAL ERROR: Reached heap limit Allocation failed - " +
      "JavaScript heap out of memory\n----- Native stack trace -----\n\n 1: 0xb: node::Abort() [node]",
      "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory",
    ],
    [
      "node: error while loading shared libraries: libicui18n.so.72: cannot open shared object " +
      "file: No such file or directory",
      "=",
    ],
  ],
};

Deno.test("reasonIn() gives the line that says why", async (t) => {
  for (const [program, texts] of Object.entries(TEXTS)) {
    await t.step(`of ${program}`, () => {
      for (const [text, reason] of texts) {
        const expected = reason === "=" ? text : reason;
        assertEquals(reasonIn(text), expected);
        assertEquals(reasonIn(`${text.replaceAll("\n", "\r\n")}\r\n\r\n`), expected);
      }
    });
  }
});

Deno.test("isOnlyNoise() tells warnings from the rest", () => {
  assertEquals(isOnlyNoise(""), true);
  assertEquals(isOnlyNoise("bash: warning: setlocale: LC_ALL: cannot change locale"), true);
  assertEquals(isOnlyNoise("bash: warning: x\nGo away"), false);
});
