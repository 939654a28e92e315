"""How much a program may use: the settings of a sandbox."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field, PositiveInt

Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]


@dataclass(frozen=True)
class RunLimits:
    """What one program, with all the processes that it starts, may use."""

    cpu_seconds: Annotated[Seconds, Field(description="of processors, all its processes")] = 10
    clock_seconds: Annotated[Seconds, Field(description="from its start to its end")] = 20
    memory_mb: Annotated[PositiveInt, Field(description="all its processes together")] = 1024
    processes: Annotated[PositiveInt, Field(description="at any time, threads among them")] = 32
    output_bytes: Annotated[PositiveInt, Field(description="kept of stdout, and of stderr")] = (
        1_000_000
    )
    scratch_mb: Annotated[PositiveInt, Field(description="of files it may write")] = 64
