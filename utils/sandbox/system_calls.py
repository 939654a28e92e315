"""A filter of system calls, as the kernel's seccomp takes it: what no program here needs fails.

The namespaces hold without it. It closes what they leave open (sockets of families that no network
namespace separates, memory that no limit counts) and calls in which kernels' faults were found.
"""

import errno
import platform
import struct
from collections.abc import Collection
from typing import NamedTuple


class _Machine(NamedTuple):
    audit: int  # as linux/audit.h numbers it
    column: int  # in the table below


_MACHINES = {"x86_64": _Machine(0xC000003E, 0), "aarch64": _Machine(0xC00000B7, 1)}
# The numbers of each call on x86_64 and on aarch64.
_DENIED: dict[str, tuple[int, int]] = {
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "kcmp": (312, 272),
    "pidfd_getfd": (438, 438),
    "memfd_secret": (447, 447),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "unshare": (272, 97),
    "setns": (308, 268),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "kexec_load": (246, 104),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "reboot": (169, 142),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "acct": (163, 89),
    "quotactl": (179, 60),
    "syslog": (103, 116),
    "personality": (135, 92),
    "fanotify_init": (300, 262),
    "shmget": (29, 194),
    "shmat": (30, 196),
    "semget": (64, 190),
    "msgget": (68, 186),
    "mq_open": (240, 180),
    "socket": (41, 198),  # of any family; `socketpair`, for a program's own processes, stays
}
# These fail as if the kernel had none of them: programs then do without.
_ABSENT: dict[str, tuple[int, int]] = {
    "clone3": (435, 435),  # its flags can't be read here; libraries fall back to clone
    "memfd_create": (319, 279),  # files in memory that no limit counts
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
}
_CLONE = (56, 220)
_NEW_NAMESPACES = 0x7E020000  # CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET
_X32 = 0x40000000  # from here on, x86_64's second table of calls
# linux/bpf_common.h and linux/seccomp.h
_LOAD, _IF_EQUAL, _IF_AT_LEAST, _IF_BITS, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _KILL, _FAIL = 0x7FFF0000, 0x80000000, 0x00050000
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16  # offsets into struct seccomp_data


def knows_this_machine() -> bool:
    """Say whether the numbers of this machine's system calls are known."""
    return platform.machine() in _MACHINES


def names_of_denied() -> list[str]:
    """Name the calls that the filter lets fail."""
    return [*_DENIED, *_ABSENT]


def filter_program(names: Collection[str] | None = None) -> bytes:
    """Assemble the filter for this machine, of all calls or some; only for one that is known."""
    machine = _MACHINES[platform.machine()]
    lines = [
        _line(_LOAD, _ARCHITECTURE),
        _line(_IF_EQUAL, machine.audit, 1, 0),
        _line(_RETURN, _KILL),
        _line(_LOAD, _NUMBER),
    ]
    if machine.column == 0:
        lines += [_line(_IF_AT_LEAST, _X32, 0, 1), _fail(errno.ENOSYS)]
    for calls, error in ((_DENIED, errno.EPERM), (_ABSENT, errno.ENOSYS)):
        for name, numbers in calls.items():
            if names is not None and name not in names:
                continue
            lines += [_line(_IF_EQUAL, numbers[machine.column], 0, 1), _fail(error)]
    lines += [
        _line(_IF_EQUAL, _CLONE[machine.column], 0, 3),
        _line(_LOAD, _FIRST_ARGUMENT),
        _line(_IF_BITS, _NEW_NAMESPACES, 0, 1),
        _fail(errno.EPERM),
    ]
    return b"".join([*lines, _line(_RETURN, _ALLOW)])


def _fail(error: int) -> bytes:
    return _line(_RETURN, _FAIL | error)


def _line(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)
