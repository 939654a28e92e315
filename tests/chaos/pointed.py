"""Run a script with a stand-in model that runs already: `python -m tests.chaos.pointed URL MODULE`.

Who starts a script again and again then starts no server each time, and can count its answers.
"""

import runpy
import sys
from contextlib import nullcontext

from utils.generation import run


def main() -> None:
    _, url, module, *words = sys.argv
    run.embedded_server = lambda: nullcontext(url)
    sys.argv = [module, *words]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
