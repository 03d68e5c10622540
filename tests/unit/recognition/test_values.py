"""What this package answers cannot be changed by who gets it."""

from __future__ import annotations

from tests.factories.values import loose, modules_of, presumed

import plainview.recognition
from plainview.recognition.video.types import Part

MODULES = modules_of(plainview.recognition)


def test_every_data_class_is_frozen_and_takes_no_other_attribute() -> None:
    assert loose(MODULES) == ["Open"]  # filled while a video is read


def test_what_a_data_class_is_not_told_is_nothing_or_the_usual() -> None:
    """The limits of pictures and videos are in test_numbers."""
    assert {name: value for name, value in presumed(MODULES).items() if "Limits." not in name} == {
        "decode_header.Header.bits": 8,
        "packs.ModelFile.free_axes": (0,),
        "packs.EmbedInput.mean": (0.0, 0.0, 0.0),
        "packs.EmbedInput.std": (1.0, 1.0, 1.0),
        "packs.ModelPack.mirrored": "never",
        "packs.ModelPack.looks": 4,
        "types.FrameIndex.parts": (Part(-(2**61), 0),),
        "segment.Sampling.moving": 0.2,
        "segment.Sampling.still": 1.0,
        "segment.Sampling.unsure": 0.12,
        "segment.Sampling.motion": 8,
        "segment.Sampling.whole": 1.0,
        "segment.Sampling.quick_side": 960,
        **dict.fromkeys(
            (
                "wire.Reply.aspect_num",
                "wire.Reply.aspect_den",
                "wire.Reply.base_num",
                "wire.Reply.base_den",
                "wire.Reply.rate_den",
            ),
            1,
        ),
    }
