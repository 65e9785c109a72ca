"""Packs through a network: side by side on a CPU, one after another on a GPU, halved when memory runs out."""

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from spexcore.errors import BadInput
from spexcore.models.forward import Block
from spexcore.models.inputs import Inputs, Ints, packs

TOKENS = {"cpu": 2048, "cuda": 32768, "mps": 8192}  # a pack fills the matrix units of the device from here on
Pack = list[Block]
T = TypeVar("T")


class Runner:
    """Runs packs on one device, and remembers in `notes` what it had to give up.

    On a CPU several packs run at once, each on one thread: threads that share one matrix product wait for each other,
    and on a busy machine that wait costs most of the speed (measured: 82 -> 3 GFLOP/s). spread: whether a device map
    fetches layers when they are needed; then one pack at a time, for it takes them away behind each.
    """

    def __init__(self, device: str, n_ids: int, *, spread: bool = False) -> None:
        self.notes: list[str] = []
        self._device, self._n_ids, self._spread = device, n_ids, spread
        self._tokens = TOKENS[device.split(":")[0]]

    def run(
        self, inputs: Inputs, function: Callable[[Pack], Tensor], prefix: Ints | None = None
    ) -> NDArray[np.float64]:
        """function's result for each input, (n_inputs, ...); prefix: the row of the past that each continues."""
        plan = list(packs(inputs.lengths, self._tokens))
        blocks = [[self._block(inputs, group, prefix) for group in pack] for pack in plan]
        parts = self._all(blocks, function, torch.cat)
        found = np.concatenate([part.cpu().double().numpy() for part in parts])
        return found[np.argsort(np.concatenate([group for pack in plan for group in pack]), kind="stable")]

    def gather(self, inputs: Inputs, function: Callable[[Block], T], join: Callable[[list[T]], T]) -> T:
        """function's results for blocks of inputs of one length, in their order, joined."""
        blocks = [[self._block(inputs, pack[0], None)] for pack in packs(inputs.lengths, self._tokens)]
        return join(self._all(blocks, lambda pack: function(pack[0]), join))

    def _block(self, inputs: Inputs, rows: Ints, prefix: Ints | None) -> Block:
        """Rows of one length, on the device."""
        ids, positions = inputs.block(rows)
        prefix = None if prefix is None else prefix[rows]
        there = [None if part is None else torch.from_numpy(part).to(self._device) for part in (positions, prefix)]
        return Block(torch.from_numpy(ids).to(self._device), there[0], bool((ids >= self._n_ids).any()), there[1])

    def _all(self, blocks: list[Pack], function: Callable[[Pack], T], join: Callable[[list[T]], T]) -> list[T]:
        def one(pack: Pack) -> T:
            with torch.inference_mode():
                return self._one(pack, function, join)

        on_cpu = self._device == "cpu"
        workers = min(torch.get_num_threads(), len(blocks)) if on_cpu and not self._spread else 1
        if workers < 2:
            with _THREADS.single(on_cpu and _busy()):
                return [one(pack) for pack in blocks]
        with _THREADS.single(True), ThreadPoolExecutor(workers) as pool:
            return list(pool.map(one, blocks))

    def _one(self, pack: Pack, function: Callable[[Pack], T], join: Callable[[list[T]], T]) -> T:
        """A pack, or its halves when it does not fit in memory."""
        try:
            return function(pack)
        except RuntimeError as error:
            if not out_of_memory(error):
                raise
            message = str(error).split("\n")[0]
        return join([self._one(half, function, join) for half in self._halved(pack, message)])

    def _halved(self, pack: Pack, message: str) -> Iterator[Pack]:
        if sum(len(block.ids) for block in pack) == 1:
            raise BadInput(
                f"`text` must fit in the memory of {self._device}; a forward pass of {pack[0].ids.shape[1]} tokens "
                f"does not ({message[:100]}). Shorten it, or use dtype='bfloat16', a smaller model or another device."
            )
        if self._device.startswith("cuda"):
            torch.cuda.empty_cache()
        self._tokens = max(1, min(self._tokens, sum(block.ids.numel() for block in pack)) // 2)
        self.notes.append(f"Memory of {self._device} ran out: went on with batches of {self._tokens} tokens.")
        yield from (
            (pack[: len(pack) // 2], pack[len(pack) // 2 :]) if len(pack) > 1 else ([b] for b in pack[0].halves())
        )


def out_of_memory(error: RuntimeError) -> bool:
    """Whether a device said that its memory is full; only CUDA has a class of errors for that."""
    said = ("out of memory", "can't allocate memory", "not enough memory")
    return isinstance(error, torch.OutOfMemoryError) or any(words in str(error) for words in said)


def _busy() -> bool:
    """Whether others keep half of the processors at work, so that threads of one product would wait for each other."""
    return hasattr(os, "getloadavg") and os.getloadavg()[0] > (os.cpu_count() or 1) / 2


class _Threads:
    """torch's number of threads is one setting of the process: set to one while any run wants that, then restored."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._runs = 0
        self._before = 1

    @contextmanager
    def single(self, wanted: bool) -> Iterator[None]:
        """One thread for a matrix product within, if wanted."""
        if not wanted:
            yield
            return
        with self._lock:
            if self._runs == 0:
                self._before = torch.get_num_threads()
                torch.set_num_threads(1)
            self._runs += 1
        try:
            yield
        finally:
            with self._lock:
                self._runs -= 1
                if self._runs == 0:
                    torch.set_num_threads(self._before)


_THREADS = _Threads()


def considerate(device: str) -> AbstractContextManager[None]:
    """One thread for a matrix product within, where others keep the processors at work."""
    return _THREADS.single(device == "cpu" and _busy())


def one_thread() -> AbstractContextManager[None]:
    """One thread for every matrix product within, as measurements want it."""
    return _THREADS.single(True)
