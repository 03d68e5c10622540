"""The file of trusted witnesses is read as c2sp.org/tlog-policy says, on the cases of transparency-dev/formats.

Source: transparency-dev/formats, policy/tlog_policy_test.go, read November 2026. Its keys are of type 0x01; the policy
wraps the same public keys as cosignature keys.
"""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from plainview.audit.cosignature import WitnessKey
from plainview.audit.quorum import BadPolicy, parse_policy

WIT1 = "Wit1+55ee4561+AVhZSmQj9+SoL+p/nN0Hh76xXmF7QcHfytUrI1XfSClk"
WIT2 = "Wit2+85ecc407+AWVbwFJte9wMQIPSnEnj4KibeO6vSIOEDUTDp3o63c2x"
WIT3 = "Wit3+d3ed3be7+ASb6Uz1+fxAcXkMvDd7nGa3FjDce7LxIKmbbTCT0MpVn"
LOG = "example.com/log+00000000+AQcC+FTVKf0jlTdHDY3rbevmnKxxPjigCXlVtGe6RIr6"


def _key(text: str) -> WitnessKey:
    return WitnessKey(text.split("+")[0], base64.b64decode(text.split("+", 2)[2])[1:])


def _other(number: int) -> WitnessKey:
    public = Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32).public_key()
    return WitnessKey(f"Wit{number}", public.public_bytes_raw())


K1, K2, K3 = _key(WIT1), _key(WIT2), _key(WIT3)
W1, W2, W3 = K1.text, K2.text, K3.text
SPEC = f"""log {LOG}

witness X1 {W1}
witness X2 {W2}
witness X3 {W3}
group X-witnesses 2 X1 X2 X3

witness Y1 {_other(4).text}
witness Y2 {_other(5).text}
witness Y3 {_other(6).text}
group Y-witnesses any Y1 Y2 Y3

group X-and-Y all X-witnesses Y-witnesses
quorum X-and-Y
"""


def test_the_example_of_the_specification_needs_two_of_one_group_and_one_of_the_other() -> None:
    policy = parse_policy(SPEC.encode())
    assert policy.least() == 3
    assert policy.logs == (LOG,)
    assert not policy.satisfied([K1, K2, K3])
    assert not policy.satisfied([K1, _other(4), _other(5), _other(6)])
    assert policy.satisfied([K1, K3, _other(5)])
    assert policy.groups["X-and-Y"] == (2, ("X-witnesses", "Y-witnesses"))


@pytest.mark.parametrize(
    ("signers", "satisfied"), [([K1, K2, K3], True), ([K1, K3], True), ([K1], False), ([K2, K3], False), ([], False)]
)
def test_nested_groups_count_as_in_the_reference(signers: list[WitnessKey], satisfied: bool) -> None:
    text = f"witness w1 {W1}\nwitness w2 {W2}\nwitness w3 {W3}\ngroup inner any w2 w3\ngroup outer all w1 inner\nquorum outer\n"
    assert parse_policy(text.encode()).satisfied(signers) is satisfied


@pytest.mark.parametrize(
    ("text", "names", "quorum"),
    [
        ("quorum none\n", [], "none"),
        (
            f"\n# comment\n\t # another comment\n\twitness \t w1  {W1}   https://w1.example.com/  \n\n  quorum\tw1",
            ["w1"],
            "w1",
        ),
        (f"log {LOG} https://log.example.com/\nwitness w1 {W1}\nquorum w1\n", ["w1"], "w1"),
        (f"witness w1 {W1}\ngroup g any w1\nquorum g\n", ["w1"], "g"),
        (f"witness all {W1}\nwitness any {W2}\ngroup group 2 all any\nquorum group\n", ["all", "any"], "group"),
    ],
)
def test_what_the_reference_reads_is_read(text: str, names: list[str], quorum: str) -> None:
    policy = parse_policy(text.encode())
    assert ([witness.name for witness in policy.witnesses], policy.quorum) == (names, quorum)


def test_names_are_octets() -> None:
    text = f"witness KKlvin-w\x80 {W1}\nquorum KKlvin-w\x80\n".encode("latin-1")
    assert parse_policy(text).satisfied([K1])
    assert parse_policy(b"witness w1 " + W1.encode() + b" https://w1.example.com/\nquorum w1\n").witnesses[0].url


ERRORS = [
    "quorum none\n\x01",
    "quorum none\r\n",
    "quibble w1\nquorum none\n",
    f"witness w1 {W1} https://w1.example.com/ # comment\nquorum w1\n",
    "log\nquorum none\n",
    "log garbage\nquorum none\n",
    f"log {LOG}\nlog {LOG} https://log.example.com/\nquorum none\n",
    "witness w1\nquorum w1\n",
    f"witness w1 ecdsa.example.com+00000000+{base64.b64encode(bytes([2, 1, 2, 3])).decode()}\nquorum w1\n",
    f"witness w1 {WIT1}\nquorum w1\n",
    f"witness none {W1}\nquorum none\n",
    f"witness w1 {W1}\nwitness w1 {W2}\nquorum w1\n",
    f"witness w1 {W1}\ngroup w1 any w1\nquorum w1\n",
    f"witness w1 {W1}\ngroup g1 1\nquorum w1\n",
    f"witness w1 {W1}\ngroup none any w1\nquorum none\n",
    f"witness w1 {W1}\ngroup g1 0 w1\nquorum g1\n",
    f"witness w1 {W1}\ngroup g1 -1 w1\nquorum g1\n",
    f"witness w1 {W1}\ngroup g1 2 w1\nquorum g1\n",
    f"witness w1 {W1}\ngroup g1 any w2\nquorum g1\n",
    f"group g1 any w1\nwitness w1 {W1}\nquorum g1\n",
    f"witness w1 {W1}\ngroup g1 any none w1\nquorum g1\n",
    f"witness w1 {W1}\ngroup g1 all w1 w1\nquorum g1\n",
    f"witness w1 {W1}\nwitness w2 {W2}\ngroup g1 any w1 w2\ngroup g2 any w1\nquorum g1\n",
    f"witness w1 {W1}\n",
    f"witness w1 {W1}\nquorum w1\nquorum w1\n",
    "quorum unknown\n",
    f"quorum w1\nwitness w1 {W1}\n",
    "quorum\n",
    f"{W1} https://w1.example.com/\n",  # neither a line of a policy nor a key alone
    f"witness w1 {W1}\nwitness w2 {WitnessKey('impostor.example.com', K1.public).text}\nquorum w1\n",
]


@pytest.mark.parametrize("text", ERRORS)
def test_what_the_reference_refuses_is_refused(text: str) -> None:
    with pytest.raises(BadPolicy):
        parse_policy(text.encode())


def test_a_file_of_key_lines_is_a_policy_that_needs_nobody() -> None:
    policy = parse_policy(f"# the university\n{W1}\n{W2}\n".encode())
    assert (policy.keys, policy.least(), policy.satisfied([])) == ((K1, K2), 0, True)
    assert parse_policy(b"").keys == ()
