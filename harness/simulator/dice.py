"""Makes random choices that are equal on every machine and in every version of Python."""

import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Dice:
    """Makes random choices with `random.Random(seed).random()` only.

    Python promises that later versions return the same sequence of `random()` for the same integer
    seed. Other methods have no such promise: `randrange`, `choice`, `shuffle` and `sample` have
    changed before. Multiplying a float by an integer and cutting off the fraction gives equal
    results on every machine that has IEEE 754 floats.
    """

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def below(self, count: int) -> int:
        """Return an integer from 0 to count - 1."""
        return int(self._random.random() * count)

    def between(self, low: int, high: int) -> int:
        """Return an integer from `low` to `high`, both included."""
        return low + self.below(high - low + 1)

    def chance(self, per_mille: int) -> bool:
        """Return True `per_mille` times in a thousand."""
        return self.below(1000) < per_mille

    def pick(self, items: Sequence[T]) -> T:
        return items[self.below(len(items))]

    def weighted(self, items: Sequence[tuple[T, int]]) -> T:
        """Return an item of (item, weight) pairs, in proportion to the weights."""
        left = self.below(sum(weight for _, weight in items))
        for item, weight in items:
            if left < weight:
                return item
            left -= weight
        raise ValueError("no weight is above zero")
