"""The admin endpoint: switches at run time, who may use it, and what is told of wrong values."""

import http.client
import json
import os
import stat
import threading
from collections import Counter
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from csc.runtime.cmp.codec import decode
from csc.runtime.cmp.model import BodyType, PKIFailureInfo
from csc.runtime.cmp.protection import protect
from csc.runtime.sandbox.behaviour import Behaviour
from csc.runtime.sandbox.ca import SandboxCA
from csc.runtime.sandbox.http.admin import ADMIN_FILE, administered
from csc.runtime.sandbox.http.admin_client import Admin, NotRunning, Refused, ask, find_admin
from csc.runtime.sandbox.http.messages import Request
from csc.runtime.sandbox.http.server import serve
from csc.runtime.sandbox.switches import changed, read_words, to_json
from peers import asker
from peers.asker import SECRET, header, ir, issued


@pytest.fixture
def ca(tmp_path: Path) -> Generator[SandboxCA]:
    with SandboxCA.open(tmp_path) as ca:
        ca.add_secret(SECRET.reference, SECRET.secret)
        with serve(ca) as server, administered(ca, tmp_path, server):
            yield ca


def call(folder: Path, method: str, path: str, body: object = None) -> Any:
    return ask(find_admin(folder), method, path, body)


def test_behaviour(ca: SandboxCA, tmp_path: Path) -> None:
    usual = to_json(Behaviour())
    assert call(tmp_path, "GET", "/behaviour") == usual
    changes = {"polls": 2, "rejects": "badTime", "delay": 0.5, "clock_offset": -60}
    assert call(tmp_path, "PATCH", "/behaviour", changes) == usual | changes
    assert ca.behaviour == Behaviour(
        polls=2, rejects=PKIFailureInfo.BAD_TIME, delay=0.5, clock_offset=-60
    )


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"poll": 1}, "there are polls, check_after"),
        ({"polls": -1}, "polls is between 0 and"),
        ({"polls": 1.5}, "polls is a whole number"),
        ({"polls": True}, "polls is a whole number"),
        ({"polls": None}, "polls is a whole number"),
        ({"polls": "1"}, "polls is a whole number"),
        ({"polls": [1]}, "polls is a whole number"),
        ({"polls": 10**12}, "polls is between 0 and"),
        ({"delay": float("nan")}, "delay is between 0 and"),
        ({"delay": float("inf")}, "delay is between 0 and"),
        ({"modifies": 1}, "modifies is true or false"),
        ({"rejects": "badMood"}, "badAlg, badMessageCheck"),
        ({"rejects": 9}, "rejects is a PKIFailureInfo or none"),
        ({"polls": 3, "modifies": "x"}, "modifies is true or false"),
    ],
)
def test_wrong_changes_change_nothing(
    ca: SandboxCA, tmp_path: Path, changes: dict[str, object], told: str
) -> None:
    with pytest.raises(Refused, match=told):
        call(tmp_path, "PATCH", "/behaviour", changes)
    assert ca.behaviour == Behaviour()


@pytest.mark.parametrize(
    ("words", "change"),
    [
        ("polls=2", ("polls", 2)),
        ("check-after = 0", ("check_after", 0)),
        ("delay=0.5", ("delay", 0.5)),
        ("modifies=on", ("modifies", True)),
        ("modifies=False", ("modifies", False)),
        ("rejects=badPOP", ("rejects", "badPOP")),
        ("rejects=none", ("rejects", None)),
        ("clock_offset=-3600", ("clock_offset", -3600)),
    ],
)
def test_words(words: str, change: tuple[str, object]) -> None:
    assert read_words(words) == change
    changed(Behaviour(), dict([change]))


def test_every_switch_survives_a_round_trip() -> None:
    for behaviour in (Behaviour(), Behaviour(rejects=PKIFailureInfo.BAD_POP, reject_count=3)):
        assert changed(Behaviour(), to_json(behaviour)) == behaviour


# -- who may ---------------------------------------------------------------------------------------


def raw(folder: Path, method: str, path: str, **changes: str | None) -> int:
    """The status of a request with other headers than the right ones; None: without."""
    admin = find_admin(folder)
    headers = {
        "Host": f"127.0.0.1:{admin.port}",
        "Authorization": f"Bearer {admin.token}",
        "Content-Type": "application/json",
    }
    for name, value in changes.items():
        headers[name.replace("_", "-")] = value or ""
        if value is None:
            del headers[name.replace("_", "-")]
    connection = http.client.HTTPConnection("127.0.0.1", admin.port, timeout=30)
    connection.putrequest(method, path, skip_host=True)
    body = b'{"polls": 1}'
    for name, value in {**headers, "Content-Length": str(len(body))}.items():
        connection.putheader(name, value)
    connection.endheaders(body)
    status = connection.getresponse().status
    connection.close()
    return status


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, 200),
        ({"Host": "localhost:PORT"}, 200),
        ({"Content_Type": "application/json; charset=utf-8"}, 200),
        ({"Host": "evil.example:PORT"}, 421),
        ({"Host": "127.0.0.1"}, 421),
        ({"Host": "127.0.0.1:1"}, 421),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Authorization": None}, 401),
        ({"Authorization": "Bearer x"}, 401),
        ({"Authorization": "Basic x"}, 401),
        ({"Content_Type": "text/plain"}, 415),
        ({"Content_Type": "application/x-www-form-urlencoded"}, 415),
        ({"Content_Type": None}, 415),
    ],
)
def test_guards(ca: SandboxCA, tmp_path: Path, changes: dict[str, str], status: int) -> None:
    port = str(find_admin(tmp_path).port)
    given = {name: value and value.replace("PORT", port) for name, value in changes.items()}
    assert raw(tmp_path, "PATCH", "/behaviour", **given) == status
    assert ca.behaviour.polls == (1 if status == 200 else 0)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("POST", "/behaviour", 405),
        ("DELETE", "/ledger", 405),
        ("GET", "/roll-over", 405),
        ("OPTIONS", "/behaviour", 405),
    ],
)
def test_what_is_not_there(
    ca: SandboxCA, tmp_path: Path, method: str, path: str, status: int
) -> None:
    assert raw(tmp_path, method, path) == status


@pytest.mark.parametrize("body", ["[]", "1", '"x"', "null"])
def test_body_that_is_no_object(ca: SandboxCA, tmp_path: Path, body: str) -> None:
    with pytest.raises(Refused, match="no JSON object"):
        call(tmp_path, "PATCH", "/behaviour", json.loads(body) if body != "null" else "")


def test_file_is_its_owners_and_goes(tmp_path: Path) -> None:
    with SandboxCA.open(tmp_path) as ca, serve(ca) as server, administered(ca, tmp_path, server):
        file = tmp_path / ADMIN_FILE
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        admin = find_admin(tmp_path)
        assert admin.url == server.url
        assert admin.token not in repr(server)
    assert not file.exists()
    with pytest.raises(NotRunning):
        find_admin(tmp_path)
    with pytest.raises(NotRunning):
        ask(admin, "GET", "/behaviour")


def test_roll_over(ca: SandboxCA, tmp_path: Path) -> None:
    before = ca.root
    told = call(tmp_path, "POST", "/roll-over", {})
    assert ca.root != before
    assert told["root"].startswith("-----BEGIN CERTIFICATE-----\n")
    with pytest.raises(Refused, match="is no kind of key"):
        call(tmp_path, "POST", "/roll-over", {"key": "rsa:1"})
    with pytest.raises(Refused, match="the body is"):
        call(tmp_path, "POST", "/roll-over", {"keys": "rsa:2048"})


def test_ledger(ca: SandboxCA, tmp_path: Path) -> None:
    certificate = issued(asker.ask(ca, ir()))
    told = call(tmp_path, "GET", "/ledger")
    assert [c["serial_number"] for c in told["certificates"]] == [f"{certificate.serial_number:x}"]
    assert [r["kind"] for r in told["requests"]] == ["ir"]


# -- switches at work ------------------------------------------------------------------------------


def test_rejects_the_next_ones(ca: SandboxCA) -> None:
    ca.change_behaviour({"rejects": "badTime", "reject_count": 2})
    statuses = [asker.ask(ca, ir()).body.content.responses[0].status for _ in range(3)]
    assert [set(s.fail_info) for s in statuses] == [{PKIFailureInfo.BAD_TIME}] * 2 + [set()]
    assert ca.behaviour == Behaviour()


def test_counts_what_is_refused_only(ca: SandboxCA) -> None:
    ca.change_behaviour({"reject_count": 1})
    ca.respond(b"garbage")
    ca.respond(protect(header(transaction_id=None), ir(), SECRET, random=os.urandom))
    assert ca.behaviour == Behaviour(rejects=PKIFailureInfo.BAD_REQUEST, reject_count=1)


def test_count_of_nothing(ca: SandboxCA) -> None:
    ca.change_behaviour({"reject_count": 2})
    ca.change_behaviour({"reject_count": 0})
    assert ca.behaviour == Behaviour()
    ca.change_behaviour({"reject_count": 2})
    ca.change_behaviour({"rejects": None})
    assert ca.behaviour == Behaviour()


def test_counts_exactly_among_threads(ca: SandboxCA) -> None:
    ca.change_behaviour({"rejects": "badTime", "reject_count": 7})
    outcomes: Counter[str] = Counter()

    def enrol() -> None:
        for _ in range(5):
            ca.respond(protect(header(), ir(), SECRET, random=os.urandom))

    threads = [threading.Thread(target=enrol) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    outcomes.update(entry.outcome for entry in ca.requests())
    assert outcomes == {"rejection": 7, "accepted": 23}


def test_clock(ca: SandboxCA) -> None:
    ca.change_behaviour({"clock_offset": 7200})
    answer = decode(ca.respond(protect(header(), ir(), SECRET, random=os.urandom)))
    assert answer.body.type is BodyType.ERROR
    assert set(answer.body.content.status.fail_info) == {PKIFailureInfo.BAD_TIME}


def test_what_is_under_way_goes_on_as_it_began(ca: SandboxCA) -> None:
    """A request that waits keeps the number of its polls."""
    ca.change_behaviour({"polls": 1})
    head = header()
    first = asker.ask(ca, ir(), head)
    ca.change_behaviour({"polls": 0})
    second = asker.ask(ca, *asker.poll(first, 0))
    assert second.body.type is BodyType.POLL_REP
    assert asker.ask(ca, *asker.poll(second, 0)).body.type is BodyType.IP


def test_no_representation_shows_a_token() -> None:
    request = Request("GET", "/ledger", {"authorization": "Bearer token"}, b"")
    assert "Bearer" not in repr(request)
    assert "s3cret" not in repr(Admin(1, "s3cret", "http://127.0.0.1/"))
