"""The list of followed logs is read as witness-network.org publishes it.

Sources, read November 2026: transparency-dev/witness, config/public_witness_network_test.go; transparency-dev/witness-network,
lists/staging/log-list-10qps-4klogs.1 and its page of the format.
"""

from __future__ import annotations

import base64

import pytest

from plainview.audit.loglist import PER_DAY, BadLogList, parse_logs

SUM = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
SIGSUM = "sigsum.org/v1/tree/44ad38f8226ff9bd27629a41e55df727308d0a1cd8a2c31d3170048ac1dd22a1+682b49db+AQ7H4WhDEZsSA3enOROsasvC0D2CQy4sNrhBsJqVhB8l"
TLOG = "tlog.andxor.it+d5e6b3d0+AU6uJ3h8tb+RRMdGjHV4KCrrHoKfIYGbhL2A46thEhKQ"
STAGING = """#
# This is an experimental list where witnesses can discover logs.
#
logs/v0

vkey sigsum.org/v1/tree/1643169b32bef33a3f54f8a353b87c475d19b6223cbb106390d10a29978e1cba+57f71a6a+AUfkgWBtisunR6awU9bC0ZFgX7EiF11BChICqRQwq845
qpd 8640
contact services@mullvad.net | https://serviceberry.tlog.stagemole.eu/about

vkey log2025-alpha3.rekor.sigstage.dev+d3d3a70c+AZQ93VXPMmj9uZj7U/7CefQ9yy8RgYFv6mKzOseipjqp
qpd 86400
contact infra-dev (at) sigstore.dev
"""


def test_the_working_example_of_the_reference_is_read() -> None:
    text = f"""
        #
        # List:      10qps-100klogs
        logs/v0

        # 1st list item -- foo's log
        vkey {SUM}
        qpd 86400
        contact https://tlog.foo.org/contact

        # 2nd list item -- log with custom origin
        vkey {SIGSUM}
        origin something-not-equal-to-vkey-keyname
        qpd 24
        contact sysadmin (at) bar.org

        # 3rd list item - minimal log config
        vkey {TLOG}
        qpd 1

        # Some trailing comments
        """
    logs = parse_logs(text)
    assert {origin: (log.keys[0].text, log.per_day, log.contact) for origin, log in logs.items()} == {
        "sum.golang.org": (SUM, 86400, "https://tlog.foo.org/contact"),
        "something-not-equal-to-vkey-keyname": (SIGSUM, 24, "sysadmin (at) bar.org"),
        "tlog.andxor.it": (TLOG, 1, ""),
    }


def test_the_published_staging_list_is_read() -> None:
    logs = parse_logs(STAGING)
    assert sorted(log.per_day for log in logs.values()) == [8640, 86400]
    assert "log2025-alpha3.rekor.sigstage.dev" in logs


def test_an_empty_list_follows_nobody() -> None:
    assert parse_logs("logs/v0") == {}


def test_two_entries_of_one_origin_are_one_log_with_two_keys() -> None:
    (log,) = parse_logs(f"logs/v0\nvkey {SUM}\norigin a\nvkey {TLOG}\norigin a\n").values()
    assert [key.text for key in log.keys] == [SUM, TLOG]
    assert log.per_day == PER_DAY


def test_a_log_whose_key_is_of_another_type_is_left_out_and_an_older_list_is_read() -> None:
    """The example of the format's page has lines `origin none` and `bastion`; keys of ML-DSA (0x06) come in newer ones."""
    other = "example.org/pq+5893dc2c+BtMcFiao6ZOdU6LZ40tLKbsWpDOU8smRapXBIYI3lXyE"
    text = f"logs/v0\nvkey {other}\nqpd 1\nvkey {SUM}\norigin none\nqpd 5\nbastion none\n"
    assert {origin: log.per_day for origin, log in parse_logs(text).items()} == {"sum.golang.org": 5}


@pytest.mark.parametrize(
    "text",
    [
        f"vkey {SUM}\nqpd 86400\n",
        f"logs/v0\nqpd 86400\nvkey {SUM}\n",
        f"logs/v0\nvkey BANANAS\nvkey {SUM}\n",
        f"logs/v0\nvkey {SUM}\nqpd toast\n",
        f"logs/v0\nvkey {SUM}\nqpd nan\n",
        f"logs/v0\nvkey {SUM}\nqpd -1\n",
        f"logs/v0\nvkey {SUM}\nfruit banana\n",
        f"logs/v0\nvkey {SUM}\norigin\n",
        "",
    ],
)
def test_what_the_reference_refuses_is_refused(text: str) -> None:
    with pytest.raises(BadLogList):
        parse_logs(text)


def test_a_refusal_names_the_line() -> None:
    with pytest.raises(BadLogList, match=r"^line 3: "):
        parse_logs(f"logs/v0\nvkey {SUM}\nqpd toast\n")


@pytest.mark.parametrize(("stated", "per_day"), [("0", 0), ("0.5", 0.5), ("1e9", 1e9), ("-1", None), ("inf", None)])
def test_a_log_may_grow_so_often_or_not_at_all_but_not_without_end(stated: str, per_day: float | None) -> None:
    text = f"logs/v0\nvkey {SUM}\nqpd {stated}\n"
    if per_day is None:
        with pytest.raises(BadLogList, match="line 3: qpd is a number from 0 up"):
            parse_logs(text)
    else:
        assert [log.per_day for log in parse_logs(text).values()] == [per_day]


def test_a_key_with_stray_characters_is_no_key_of_another_type() -> None:
    other = f"w/1+00000000+{base64.b64encode(bytes([4]) + bytes(32)).decode()}"
    assert parse_logs(f"logs/v0\nvkey {other}\nvkey {SUM}\n").keys() == {"sum.golang.org"}
    for stray in (other.replace("+BAA", "+*BAA"), other[:-1]):
        with pytest.raises(BadLogList, match="line 2"):
            parse_logs(f"logs/v0\nvkey {stray}\n")
