import { assertEquals } from "@std/assert";
import { isNotReady } from "../../../tunnel/connection/not_ready.ts";

/** What programs say, and whether another attempt may succeed. */
const TEXTS: readonly (readonly [boolean, string])[] = [
  [true, "ssh: connect to host web1 port 22: Connection refused"],
  [true, "ssh: connect to host web1 port 22: Connection timed out"],
  [true, "ssh: connect to host web1 port 22: No route to host"],
  [true, "ssh: connect to host web1 port 22: Network is unreachable"],
  [true, "ssh: Could not resolve hostname web1: Temporary failure in name resolution"],
  [true, "kex_exchange_identification: Connection closed by remote host"],
  [true, "kex_exchange_identification: read: Connection reset by peer\nConnection reset by ::1"],
  [true, "Connection timed out during banner exchange"],
  [
    true,
    '"System is booting up. Unprivileged users are not permitted to log in yet. Please come ' +
    'back later. For technical details, see pam_nologin(8)."\nConnection closed by ::1 port 22',
  ],
  [
    true,
    "channel 0: open failed: connect failed: Connection refused\nstdio forwarding failed\n" +
    "Connection closed by UNKNOWN port 65535",
  ],
  [
    true,
    "docker: Cannot connect to the Docker daemon at unix:///var/run/docker.sock. " +
    "Is the docker daemon running?.\nSee 'docker run --help'.",
  ],
  [
    true,
    "The connection to the server localhost:8080 was refused - did you specify the right host?",
  ],
  [true, "Unable to connect to the server: dial tcp 10.0.0.1:6443: i/o timeout"],
  [true, "srun: error: Unable to contact slurm controller (connect failure)"],
  [false, ""],
  [false, "me@web1: Permission denied (publickey)."],
  [false, "Permission denied, please try again.\nConnection closed by ::1 port 22"],
  [false, "Received disconnect from ::1 port 22:2: Too many authentication failures"],
  [false, "Host key verification failed.\nConnection closed by ::1 port 22"],
  [false, "ssh: Could not resolve hostname wbe1: Name or service not known"],
  [false, "Unable to negotiate with ::1 port 22: no matching host key type found."],
  [false, "sudo: unable to resolve host web1: Temporary failure in name resolution"],
  [false, "This account is currently not available."],
  [false, "Unable to find image 'none:latest' locally\ndocker: Error response from daemon"],
];

Deno.test("isNotReady() tells what time may mend from what it does not", () => {
  for (const [expected, text] of TEXTS) assertEquals(isNotReady(text), expected, text);
});
