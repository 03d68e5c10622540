"""The sealed format against the primitives themselves, key separation, refusals, and that no key leaks."""

from __future__ import annotations

import hashlib
import hmac
from concurrent.futures import ThreadPoolExecutor

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from plainview.storage.seal import KEY_BYTES, OVERHEAD_BYTES, SealBroken, Sealer

KEY = bytes(range(32))


def test_what_was_sealed_opens_with_the_same_key_and_context() -> None:
    for plain in (b"", b"x", bytes(512), bytes(100_000)):
        sealed = Sealer(KEY).seal(plain, b"template:17")
        assert len(sealed) == len(plain) + OVERHEAD_BYTES
        assert Sealer(KEY).open(sealed, b"template:17") == plain


def test_the_format_is_the_one_that_the_module_describes() -> None:
    sealed = Sealer(KEY).seal(b"plain", b"here")
    assert sealed[0] == 1
    assert AESGCM(KEY).decrypt(sealed[1:13], sealed[13:], b"\x01here") == b"plain"


def test_a_value_sealed_by_this_format_long_ago_still_opens() -> None:
    nonce = bytes(12)
    old = b"\x01" + nonce + AESGCM(KEY).encrypt(nonce, b"plain", b"\x01here")
    assert Sealer(KEY).open(old, b"here") == b"plain"


def test_no_two_seals_are_alike() -> None:
    sealer = Sealer(KEY)
    nonces = {sealer.seal(b"same", b"here")[1:13] for _ in range(2000)}
    assert len(nonces) == 2000


def test_another_context_key_format_or_a_cut_does_not_open() -> None:
    sealer = Sealer(KEY)
    sealed = sealer.seal(b"plain", b"template:17")
    for context in (b"template:18", b"template:1", b"", b"template:17 "):
        with pytest.raises(SealBroken):
            sealer.open(sealed, context)
    for other in (Sealer(bytes(32)), sealer.derive("blobs")):
        with pytest.raises(SealBroken):
            other.open(sealed, b"template:17")
    for bent in (b"", b"\x01", sealed[:28], sealed[:-1], b"\x02" + sealed[1:], sealed + b"\0"):
        with pytest.raises(SealBroken, match="backup"):
            sealer.open(bent, b"template:17")


def test_a_flipped_bit_in_any_byte_does_not_open() -> None:
    sealer = Sealer(KEY)
    sealed = sealer.seal(b"some plain bytes", b"here")
    for position in range(len(sealed)):
        bent = bytearray(sealed)
        bent[position] ^= 0x10
        with pytest.raises(SealBroken):
            sealer.open(bytes(bent), b"here")


def test_derived_keys_are_hkdf_sha256_of_key_and_label() -> None:
    pseudorandom = hmac.new(bytes(32), KEY, hashlib.sha256).digest()  # RFC 5869, 2.2, with no salt
    derived = hmac.new(pseudorandom, b"plainview seal v1: blobs" + b"\x01", hashlib.sha256).digest()  # 2.3
    assert Sealer(derived).open(Sealer(KEY).derive("blobs").seal(b"x", b"c"), b"c") == b"x"


def test_each_label_has_its_own_key() -> None:
    sealed = Sealer(KEY).derive("blobs").seal(b"x", b"c")
    for label in ("templates", "blob", "Blobs"):
        with pytest.raises(SealBroken):
            Sealer(KEY).derive(label).open(sealed, b"c")
    with pytest.raises(ValueError, match="label"):
        Sealer(KEY).derive("")


@pytest.mark.parametrize("length", [0, 16, 31, 33, 64])
def test_a_key_of_another_length_is_refused_without_being_shown(length: int) -> None:
    key = b"K" * length
    with pytest.raises(ValueError, match=f"{KEY_BYTES} bytes, not {length}") as caught:
        Sealer(key)
    assert "KK" not in str(caught.value)


def test_a_sealer_does_not_show_its_key() -> None:
    sealer = Sealer(b"K" * 32)
    for text in (repr(sealer), str(sealer), f"{sealer}"):
        assert "KK" not in text
    with pytest.raises(SealBroken) as caught:
        sealer.open(b"PLAIN" * 20, b"here")
    assert "PLAIN" not in str(caught.value)


def test_threads_may_share_a_sealer() -> None:
    sealer = Sealer(KEY)

    def there_and_back(number: int) -> bool:
        plain, context = bytes([number % 256]) * 700, str(number).encode()
        return all(sealer.open(sealer.seal(plain, context), context) == plain for _ in range(200))

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(there_and_back, range(16)))


def test_a_template_comes_back_from_thousands_of_seals_no_two_alike() -> None:
    sealer, template = Sealer(KEY), bytes(512)
    seals = {sealer.seal(template, b"template:17") for _ in range(2000)}
    assert len(seals) == 2000
    assert {sealer.open(seal, b"template:17") for seal in seals} == {template}
