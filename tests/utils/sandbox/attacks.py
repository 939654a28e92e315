"""Programs that try what a sandbox must not let them do.

Each prints HELD if it could not, and something else if it could; `expected` is how it may end.
`{secret}`, `{port}`, `{pid}` and `{packages}` are filled in: a file of another folder, a server
that listens on loopback, the process that runs the tests, and the folder of the environment's
packages. None does harm where it gets through: it opens what it would write, sets what is set.
"""

from typing import NamedTuple

TRY = """
import ctypes, os, pathlib, resource, signal, socket, subprocess, sys, time
def held(act):
    try:
        act()
    except (OSError, ValueError, ImportError):
        return print("HELD")
    print("OUT")
libc = ctypes.CDLL(None, use_errno=True)
def call(number, *arguments):
    if libc.syscall(number, *arguments) < 0:
        raise OSError(ctypes.get_errno(), "refused")
"""


class Attack(NamedTuple):
    name: str
    code: str  # after TRY
    expected: tuple[str, ...] = ("finished",)
    prints_held: bool = True
    harmless: bool = False  # succeeds outside: shown by a test
    by_sandlock: tuple[str, ...] = ()  # how it may end there, if otherwise; it prints nothing then


def tries(name: str, act: str, harmless: bool = False) -> Attack:
    return Attack(name, f"held(lambda: {act})", harmless=harmless)


ATTACKS = [
    # Network
    tries("connect_to_loopback", "socket.create_connection(('127.0.0.1', {port}), 5)", True),
    tries("listen", "socket.create_server(('127.0.0.1', 0))", True),
    tries(
        "send_a_datagram",
        "socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', 9))",
        True,
    ),
    tries("open_ipv6", "socket.socket(socket.AF_INET6)"),
    tries("open_netlink", "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)", True),
    tries("open_vsock", "socket.socket(40)"),
    tries("open_a_raw_socket", "socket.socket(type=socket.SOCK_RAW, proto=1)"),
    tries("reach_an_abstract_socket", "socket.socket(socket.AF_UNIX).bind(chr(0) + 'here')", True),
    tries("resolve_a_name", "socket.getaddrinfo('example.com', 80)"),
    # Files
    tries("read_anothers_file", "open('{secret}').read()", True),
    tries("read_by_dots", "open('../../../../../..{secret}').read()"),
    tries("read_by_a_link", "(os.symlink('{secret}', 'link'), open('link').read())"),
    tries("read_by_root_of_proc", "open('/proc/1/root{secret}').read()"),
    tries("read_by_own_root", "open('/proc/self/root{secret}').read()", True),
    tries("hard_link", "os.link('{secret}', 'hard')"),
    tries("list_home", "os.listdir('/home')", True),
    tries("read_passwd", "open('/etc/passwd').read()", True),
    tries("read_shadow", "open('/etc/shadow').read()"),
    tries("read_kernel_memory", "open('/proc/kcore', 'rb').read(64)"),
    tries("write_to_packages", "open('{packages}/attack.py', 'w')"),
    tries("write_to_the_root", "open('/attack', 'w')"),
    tries("write_to_dev", "open('/dev/attack', 'w')"),
    tries("write_to_usr", "open('/usr/lib/attack', 'w')"),
    tries("make_a_device", "os.mknod('disk', 0o60600, os.makedev(254, 0))"),
    tries("set_the_core_pattern", "os.open('/proc/sys/kernel/core_pattern', os.O_WRONLY)"),
    tries("press_sysrq", "os.open('/proc/sysrq-trigger', os.O_WRONLY)"),
    tries("chmod_the_interpreter", "os.chmod(os.path.realpath(sys.executable), 0o755)"),
    tries("run_a_shell", "subprocess.run(['/bin/sh', '-c', 'true'])", True),
    # Other processes
    tries("signal_the_parent", "os.kill({pid}, 0)", True),
    tries("read_anothers_environment", "open('/proc/{pid}/environ').read()", True),
    tries("limit_the_parent", "resource.prlimit({pid}, resource.RLIMIT_CPU)", True),
    tries(
        "pin_the_parent",
        "os.sched_setaffinity({pid}, os.sched_getaffinity({pid}))",
        True,
    ),
    tries(
        "slow_the_parent",
        "os.setpriority(os.PRIO_PROCESS, {pid}, os.getpriority(os.PRIO_PROCESS, {pid}))",
        True,
    ),
    Attack(
        "read_keys",
        "text = ''.join(str(p.read_bytes()) for p in "
        "pathlib.Path('/proc').glob('[0-9]*/environ') if os.access(p, os.R_OK) and p.exists())\n"
        "print('OUT' if 'ATTACKED_KEY' in text or 'ATTACKED_KEY' in os.environ else 'HELD')",
    ),
    tries(
        "trace_a_process", "call(101 if os.uname().machine == 'x86_64' else 117, 16, {pid}, 0, 0)"
    ),
    # System calls, by their numbers on x86_64
    tries("new_user_namespace", "call(272, 0x10000000)"),
    tries("mount", "call(165, b'x', b'/tmp', b'tmpfs', 0, None)"),
    tries("unmount", "call(166, b'/usr/lib', 2)"),
    tries("chroot", "os.chroot('/tmp')"),
    tries("bpf", "call(321, 0, 0, 0)"),
    tries("io_uring", "call(425, 1, (ctypes.c_char * 256)())"),
    tries("userfaultfd", "call(323, 1)"),
    tries("keyring", "call(250, 0, -3, 0, 0, 0)", True),
    tries("files_in_memory", "os.memfd_create('x')", True),
    tries("shared_memory", "call(29, 0, 1 << 20, 0o1600)"),
    tries("performance_counters", "call(298, (ctypes.c_char * 128)(), 0, -1, -1, 0)"),
    tries("become_root", "os.setuid(0)", True),
    tries("set_the_clock", "time.clock_settime(time.CLOCK_REALTIME, time.time())"),
    tries("raise_a_limit", "resource.setrlimit(resource.RLIMIT_CORE, (1 << 20, 1 << 20))"),
    tries("be_more_important", "os.nice(-5)"),
    # Bombs
    Attack("spin", "while True: pass", ("timed_out",), False),
    Attack("sleep", "time.sleep(1000)", ("timed_out",), False),
    Attack(
        "ignore_signals",
        "[signal.signal(n, signal.SIG_IGN) for n in (2, 15, 24)]\ntime.sleep(99)",
        ("timed_out",),
        False,
    ),
    Attack(
        "spin_in_children", "[os.fork() for _ in range(2)]\nwhile True: pass", ("timed_out",), False
    ),
    Attack(
        "fork_bomb",
        "while True:\n    try: os.fork()\n    except OSError: pass",
        ("killed", "timed_out"),
        False,
    ),
    Attack("memory_bomb", "bytearray(1 << 30)", ("out_of_memory",), False),
    Attack(
        "shared_memory_bomb",
        "import mmap\nm = mmap.mmap(-1, 1 << 29)\n"
        "for i in range(64): m.write(bytes(1 << 23))\ntime.sleep(9)",
        ("out_of_memory",),
        False,
    ),
    tries("disk_bomb", "open('big', 'wb').write(bytes(20 << 20))", True),
    Attack(
        "disk_bomb_of_many_files",
        "held(lambda: ([open(str(n), 'wb').write(bytes(1 << 20)) for n in range(20)],"
        " time.sleep(9)))",
        by_sandlock=("killed",),
    ),
    Attack(
        "disk_bomb_of_nameless_files",
        "kept = []\ndef fill():\n    for n in range(20):\n        kept.append(open('x', 'wb', 0))\n"
        "        os.unlink('x')\n        kept[-1].write(bytes(1 << 20))\n"
        "    kept[-1].write(b'x' * os.fstat(kept[0].fileno()).st_size)\n    time.sleep(9)\n"
        "held(fill)",
        by_sandlock=("killed",),
    ),
    tries("full_shared_memory", "open('/dev/shm/big', 'wb').write(bytes(20 << 20))"),
    Attack("output_bomb", "while True: os.write(1, bytes(1 << 16))", ("timed_out",), False),
    Attack("dump_core", "os.abort()", ("killed",), False),
]
