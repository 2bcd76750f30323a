#!/usr/bin/python3
"""What others need for the same work, for the table in README.md.

    /usr/bin/python3 tests/bench/peers.py                 # on this machine
    /usr/bin/python3 tests/bench/peers.py FILE HOST ...   # and over ssh, with the configuration FILE

It measures what is installed of python3-execnet, python3-mitogen, clustershell and ansible-core.
Each figure is the smallest of some rounds.
"""
import shutil
import subprocess
import sys
import tempfile
import threading
import time

MANY = 40
PINGS = 500
MIB = b"x" * 1024 * 1024


def smallest(work, rounds=5):
    return min(work() for _ in range(rounds))


def timed(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def show(who, what, seconds):
    unit = f"{seconds * 1e6:8.0f} µs" if seconds < 0.001 else f"{seconds * 1e3:8.1f} ms"
    print(f"  {who:24}{what:36}{unit}", flush=True)


def at_once(count, work):
    threads = [threading.Thread(target=work, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def execnet_rows():
    import execnet

    who = f"execnet {execnet.__version__}"
    echo = "for item in channel: channel.send(item)"

    def connect(_=None):
        group = execnet.Group()
        channel = group.makegateway("popen").remote_exec("import time; channel.send(time.time())")
        channel.receive()
        group.terminate(timeout=2)

    show(who, "connect, first call, close", smallest(lambda: timed(connect)))
    show(who, f"{MANY} at once", smallest(lambda: timed(lambda: at_once(MANY, connect)), 2))
    group = execnet.Group()
    channel = group.makegateway("popen").remote_exec(echo)

    def ping(item):
        channel.send(item)
        channel.receive()

    show(who, "small call", smallest(lambda: timed(lambda: [ping(1) for _ in range(PINGS)])) / PINGS)
    show(who, "echo of 1 MiB", smallest(lambda: timed(lambda: [ping(MIB) for _ in range(10)])) / 10)
    group.terminate(timeout=2)


def mitogen_rows():
    import mitogen
    import mitogen.master
    import mitogen.utils

    who = "mitogen " + ".".join(map(str, mitogen.__version__))

    def connect():
        broker = mitogen.master.Broker()
        try:
            router = mitogen.master.Router(broker)
            router.local(python_path="/usr/bin/python3").call(time.time)
        finally:
            broker.shutdown()
            broker.join()

    show(who, "connect, first call, close", smallest(lambda: timed(connect)))
    broker = mitogen.master.Broker()
    try:
        router = mitogen.master.Router(broker)

        def many():
            contexts = []
            at_once(MANY, lambda _: contexts.append(router.local(python_path="/usr/bin/python3")))
            for receiver in [context.call_async(time.time) for context in contexts]:
                receiver.get().unpickle()

        show(who, f"{MANY} at once, left open", timed(many))
        one = router.local(python_path="/usr/bin/python3")
        show(
            who,
            "small call",
            smallest(lambda: timed(lambda: [one.call(time.time) for _ in range(PINGS)])) / PINGS,
        )
    finally:
        broker.shutdown()
        broker.join()


def command_rows(config, hosts):
    def run(*argv):
        subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)

    count = len(hosts)
    baseline = timed(
        lambda: at_once(count, lambda i: run("ssh", "-F", config, hosts[i], "true"))
    )
    show("ssh", f"{count} hosts, true", baseline)
    if shutil.which("clush"):
        version = subprocess.run(["clush", "--version"], capture_output=True, text=True).stdout
        argv = ["clush", "-f", str(count), "-o", f"-F {config}", "-w", ",".join(hosts), "true"]
        show(version.strip(), f"{count} hosts, true", timed(lambda: run(*argv)))
    if shutil.which("ansible"):
        version = subprocess.run(["ansible", "--version"], capture_output=True, text=True).stdout
        with tempfile.NamedTemporaryFile("w", suffix=".ini") as inventory:
            inventory.write("\n".join(hosts) + "\n")
            inventory.flush()
            options = ["-f", str(count), "-i", inventory.name, f"--ssh-common-args=-F {config}"]
            argv = ["ansible", "all", *options, "-m", "ping"]
            show(version.split("\n")[0], f"{count} hosts, ping", timed(lambda: run(*argv)))


def main():
    for name, rows in (("execnet", execnet_rows), ("mitogen", mitogen_rows)):
        try:
            rows()
        except ImportError:
            print(f"  without {name}: it is not installed")
    if len(sys.argv) > 2:
        command_rows(sys.argv[1], sys.argv[2:])


main()
