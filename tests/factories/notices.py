"""Publishers of notices on this machine, answering in the shapes that casework.feeds.presets cites, with their errors.

The names, faces and numbers are made up; the keys, their order and their kinds are those of the cited answers.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from tests.factories.publisher import Publisher

from plainview.casework.feeds.add import Terms

JSON = {"Content-Type": "application/json"}

AKAMAI = b"""<HTML><HEAD>\n<TITLE>Access Denied</TITLE>\n</HEAD><BODY>\n<H1>Access Denied</H1>\n \nYou don't have permission to access
"http&#58;&#47;&#47;ws-public&#46;interpol&#46;int&#47;notices&#47;v1&#47;red" on this server.<P>\nReference&#32;&#35;18&#46;0\n</BODY>\n</HTML>\n"""
"""The page with which a content network answers a program, status 403: bundesAPI/interpol-api issue 10."""


def fbi_item(uid: str, host: str, pictures: list[tuple[str, str | None]], **changed: Any) -> dict[str, Any]:
    """Return one item of the Wanted API.

    Args:
        uid: its number.
        host: the host of its pictures.
        pictures: (path of the original, caption).
        changed: other values.
    """
    return {
        "eyes": "brown",
        "sex": "Male",
        "age_max": None,
        "url": f"https://www.fbi.gov/wanted/topten/{uid}",
        "ncic": None,
        "path": f"/wanted/topten/{uid}",
        "locations": None,
        "weight_min": 180,
        "subjects": ["Ten Most Wanted Fugitives"],
        "additional_information": None,
        "uid": uid,
        "aliases": None,
        "description": "Unlawful Flight to Avoid Prosecution",
        "modified": "2024-09-07T00:03:35+00:00",
        "publication": "2017-02-06T07:27:00",
        "status": "na",
        "images": [
            {
                "thumb": f"https://{host}{path}/@@images/image/thumb",
                "original": f"https://{host}{path}",
                "caption": caption,
                "large": f"https://{host}{path}/@@images/image/large",
            }
            for path, caption in pictures
        ],
        "files": [{"name": "English", "url": f"https://www.fbi.gov/wanted/topten/{uid}/download.pdf"}],
        "coordinates": [],
        "person_classification": "Main",
        "poster_classification": "ten",
        "dates_of_birth_used": ["November 26, 1998"],
        "title": f"PERSON {uid}",
        "@id": f"https://api.fbi.gov/@wanted-person/{uid}",
    } | changed


@dataclass
class Fbi:
    """The Wanted API over `items`; `broken` maps a page number to its answer instead."""

    served: Publisher
    items: list[dict[str, Any]] = field(default_factory=list)
    broken: dict[int, tuple[int, dict[str, str], bytes]] = field(default_factory=dict)
    total: int | None = None

    def __post_init__(self) -> None:
        self.served.lists["/wanted/v1/list"] = self.page

    def page(self, query: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        """Answer one page."""
        number, size = int(query.get("page", "1")), min(int(query.get("pageSize", "20")), 50)
        if number in self.broken:
            return self.broken[number]
        rows = self.items[(number - 1) * size : number * size]
        total = len(self.items) if self.total is None else self.total
        return 200, JSON, json.dumps({"total": total, "items": rows, "page": number}).encode()


@dataclass
class Interpol:
    """Red notices of `numbers`, each with `pictures` (number -> ids of its pictures); at most 160 can be reached.

    `ignores_page`: the answer is always page 1 (bundesAPI/interpol-api issue 11).
    """

    served: Publisher
    numbers: list[str] = field(default_factory=list)
    pictures: dict[str, list[str]] = field(default_factory=dict)
    ignores_page: bool = False

    def __post_init__(self) -> None:
        self.served.lists["/notices/v1/red"] = self.page

    def _address(self, number: str) -> str:
        return f"https://{self.served.host}/notices/v1/red/{number.replace('/', '-')}"

    def page(self, query: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        """Answer one page, and put the lists of pictures of its notices."""
        size = min(int(query.get("resultPerPage", "20")), 160)
        page = 1 if self.ignores_page else int(query.get("page", "1"))
        reached = self.numbers[:160][(page - 1) * size : page * size]
        for number in reached:
            self._put(number)
        notices = [
            {
                "forename": "FORENAME",
                "date_of_birth": "1979/01/17",
                "entity_id": number,
                "nationalities": ["UY"],
                "name": "NAME",
                "_links": {
                    "self": {"href": self._address(number)},
                    "images": {"href": f"{self._address(number)}/images"},
                    **(
                        {"thumbnail": {"href": f"{self._address(number)}/images/{self.pictures[number][0]}"}}
                        if self.pictures.get(number)
                        else {}
                    ),
                },
            }
            for number in reached
        ]
        answer = {
            "total": len(self.numbers),
            "query": {"page": page, "resultPerPage": size},
            "_embedded": {"notices": notices},
            "_links": {
                "self": {"href": f"https://{self.served.host}/notices/v1/red?&resultPerPage={size}&page={page}"}
            },
        }
        return 200, JSON, json.dumps(answer).encode()

    def _put(self, number: str) -> None:
        address = f"{self._address(number)}/images"
        images = [
            {"picture_id": one, "_links": {"self": {"href": f"{address}/{one}"}}}
            for one in self.pictures.get(number, [])
        ]
        answer = {"_embedded": {"images": images}, "_links": {"self": {"href": address}}}
        self.served.put(address.partition(self.served.host)[2], json.dumps(answer).encode(), **JSON_HEADERS)


JSON_HEADERS = {"Content_Type": "application/json"}


def congress(served: Publisher, numbers: list[str]) -> bytes:
    """Serve legislators-current.json for these Bioguide ids; return it."""
    rows = [
        {
            "id": {"bioguide": number, "govtrack": 400000, "fec": ["S0XX00000"]},
            "name": {"first": "First", "last": "Last", "official_full": "First Last"},
            "bio": {"birthday": "1952-11-09", "gender": "M"},
            "terms": [{"type": "sen", "start": "2023-01-03", "end": "2029-01-03", "state": "OH", "party": "Democrat"}],
        }
        for number in numbers
    ]
    body = json.dumps(rows).encode()
    served.put("/congress-legislators/legislators-current.json", body, ETag='"5f1a"', **JSON_HEADERS)
    return body


RSS = """<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:media="http://search.yahoo.com/mrss/"><channel><title>Missing persons</title>
<link>https://{host}/</link><description>All open cases</description>
{items}</channel></rss>"""

RSS_ITEM = """<item><title>Missing: A Person</title><link>https://{host}/case?caseNum={number}</link><guid>{number}</guid>
<pubDate>Mon, 16 Nov 2026 10:00:00 GMT</pubDate><description>&lt;p&gt;Last seen&lt;/p&gt;</description>
<enclosure url="https://{host}{path}" length="1" type="image/jpeg"/></item>"""


def rss(host: str, cases: list[tuple[str, str]]) -> bytes:
    """Return a list of cases (number, path of the picture) as RSS 2.0 with enclosures."""
    items = "".join(RSS_ITEM.format(host=host, number=number, path=path) for number, path in cases)
    return RSS.format(host=host, items=items).encode()


def moved(terms: Terms, served: Publisher, images: Publisher | None = None) -> Terms:
    """Return a preset whose hosts are the test's: the list on one server, its pictures on another."""
    parts = urlsplit(terms.list_url)
    mapping = replace(
        terms.mapping, image=terms.mapping.image.replace("https://unitedstates.github.io", f"https://{served.host}")
    )
    return replace(
        terms,
        list_url=parts._replace(netloc=served.host).geturl(),
        mapping=mapping,
        hosts=(images.host,) if images else (),
        seconds_between=0.1,
    )
