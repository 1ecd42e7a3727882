"""What AV1's dependency descriptor says of a packet (RTP Payload Format For AV1, appendix A).

A frame names a template, and templates come with key frames: which layers they are of is all that
a forwarder needs of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .errors import ParseError

if TYPE_CHECKING:
    from .payload import PayloadInfo

MANDATORY_BYTES = 3
MAX_TEMPLATES = 64
MAX_SPATIAL, MAX_TEMPORAL = 3, 7
_NEXT_TEMPORAL, _NEXT_SPATIAL, _END = 1, 2, 3


class DescriptorReader:
    """Reads the descriptors of one stream, and remembers its templates."""

    __slots__ = ("_layers", "_offset")

    def __init__(self) -> None:
        self._offset = 0
        self._layers: list[tuple[int, int]] = []

    def apply(self, info: PayloadInfo, data: bytes, start: int, end: int) -> None:
        """Let the descriptor at `start:end` say where frames start and which layer they are of.

        Only a key frame carries a new structure of templates, in the descriptor's extended part.
        Raises ParseError when it is cut off or beyond what the format allows.
        """
        if end - start < MANDATORY_BYTES:
            raise ParseError("an AV1 dependency descriptor is cut off")
        first = data[start]
        begins = bool(first & 0x80)
        has_structure = end - start > MANDATORY_BYTES and bool(data[start + 3] & 0x80)
        if has_structure:
            self._offset, self._layers = _read_structure(data[start + MANDATORY_BYTES : end])
        template = (first & 0x3F) - self._offset & 0x3F
        if template < len(self._layers):
            info.spatial_layer, info.temporal_layer = self._layers[template]
        info.starts_frame = begins and info.spatial_layer == 0
        info.starts_keyframe = info.starts_frame and has_structure
        info.ends_layer = bool(first & 0x40)


def _read_structure(extended: bytes) -> tuple[int, list[tuple[int, int]]]:
    """Give the number of the first template and (spatial, temporal) of each.

    In bits: five flags, the offset (6), the number of decode targets (5), then what leads from one
    template to the next (2 each).
    """
    bits = int.from_bytes(extended, "big")
    left = 8 * len(extended) - 5

    def take(count: int) -> int:
        nonlocal left
        left -= count
        if left < 0:
            raise ParseError("an AV1 dependency descriptor is cut off")
        return bits >> left & (1 << count) - 1

    offset = take(6)
    take(5)
    spatial = temporal = 0
    layers = []
    while True:
        layers.append((spatial, temporal))
        step = take(2)
        if step == _END:
            return offset, layers
        if step == _NEXT_TEMPORAL:
            temporal += 1
        elif step == _NEXT_SPATIAL:
            spatial, temporal = spatial + 1, 0
        if len(layers) >= MAX_TEMPLATES or spatial > MAX_SPATIAL or temporal > MAX_TEMPORAL:
            raise ParseError("an AV1 dependency descriptor has more layers than there can be")
