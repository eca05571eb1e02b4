"""What the script in Redis promises: no gap, no repeat, nothing trimmed that somebody still needs."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
import redis

from pipeline.config import Redis
from pipeline.errors import DeliveryError, Rejected
from pipeline.sinks.message import canonical
from pipeline.sinks.outbox import BEGINNING, Mark, Row
from pipeline.sinks.redis_feed import GroupFeed, HistoryFeed
from pipeline.sinks.redis_link import ours
from pipeline.sinks.redis_stream import LARGEST_ENTRY, RedisStream
from tests.redis_server import RedisServer
from tests.sinks.facts import event

STREAM = "zw:alerts"


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


@pytest.fixture
def client(server: RedisServer) -> redis.Redis:
    client = server.client()
    client.flushall()
    return client


def config(url: str, keep_days: float = 7) -> Redis:
    return Redis.model_validate({"url": url, "stream": STREAM, "keep_days": keep_days})


@pytest.fixture
def sink(server: RedisServer, client: redis.Redis) -> RedisStream:
    return RedisStream(config(server.url), lambda: "me")


def row(seq: int) -> Row:
    return Row(seq, event(seq)["id"], 0.0, canonical(event(seq)))


def mark(seq: int) -> Mark:
    return Mark(seq, event(seq)["id"])


def ids(client: redis.Redis) -> list[str]:
    return [fields["id"] for _, fields in client.xrange(STREAM)]


def test_rows_become_entries_with_flat_fields(sink: RedisStream, client: redis.Redis):
    assert sink.deliver(BEGINNING, [row(3), row(5)]) == mark(5)
    (_, first), _ = client.xrange(STREAM)
    assert list(first) == ["type", "id", "rev", "incident", "camera", "rule", "severity", "state", "ts", "data"]
    assert json.loads(first["data"]) == event(3)
    assert sink.mark() == mark(5)


def test_a_repeat_adds_nothing_and_tells_where_redis_is(sink: RedisStream, client: redis.Redis):
    sink.deliver(BEGINNING, [row(1), row(2)])
    assert sink.deliver(BEGINNING, [row(1), row(2)]) == mark(2)
    assert len(ids(client)) == 2


def test_rows_that_would_leave_a_gap_are_not_added(sink: RedisStream, client: redis.Redis):
    sink.deliver(BEGINNING, [row(1)])
    client.flushall()
    assert sink.deliver(mark(1), [row(2)]) == BEGINNING
    assert ids(client) == []


def test_another_event_at_the_same_place_is_another_mark(sink: RedisStream, client: redis.Redis):
    sink.deliver(BEGINNING, [row(1), row(2)])
    assert sink.deliver(Mark(2, "another"), [row(3)]) == mark(2)
    assert len(ids(client)) == 2


def test_the_mark_of_version_1_is_a_place_alone(sink: RedisStream, client: redis.Redis):
    client.hset(f"{STREAM}:mark", "me", "2")
    assert sink.mark() == Mark(2, "")
    assert sink.deliver(mark(2), [row(3)]) == Mark(2, "")
    assert sink.deliver(Mark(2, ""), [row(3)]) == mark(3)


def test_two_journals_share_a_stream(server: RedisServer, sink: RedisStream, client: redis.Redis):
    other = RedisStream(config(server.url), lambda: "other")
    assert sink.deliver(BEGINNING, [row(1)]) == other.deliver(BEGINNING, [row(1)]) == mark(1)
    assert client.hgetall(f"{STREAM}:mark") == {"me": f"1 {event(1)['id']}", "other": f"1 {event(1)['id']}"}


def test_an_event_that_redis_would_never_take_is_refused_alone(sink: RedisStream, client: redis.Redis):
    large = Row(2, event(2)["id"], 0.0, canonical(event(2, why={"padding": "x" * LARGEST_ENTRY})))
    assert sink.deliver(BEGINNING, [row(1), large, row(3)]) == mark(1)
    with pytest.raises(Rejected, match="place 2 of the journal is larger than 1 MiB"):
        sink.deliver(mark(1), [large, row(3)])
    with pytest.raises(Rejected, match="place 4 of the journal is not one of ours"):
        sink.deliver(mark(1), [Row(4, "", 0.0, "{}")])
    assert sink.skip(mark(1), mark(2)) == mark(2)
    assert sink.deliver(mark(2), [row(3)]) == mark(3)
    assert ids(client) == [event(1)["id"], event(3)["id"]]


def test_old_entries_are_trimmed_but_for_those_that_a_group_still_needs(server: RedisServer, client: redis.Redis):
    for number in range(4):
        client.xadd(STREAM, {"n": number}, id=f"{1000 + number}-0")
    client.xadd(STREAM, {"n": "new"})
    client.xgroup_create(STREAM, "slow", "0")
    client.xgroup_create(STREAM, "zonewatch-feed-somebody@somewhere", "0")
    client.xreadgroup("slow", "me", {STREAM: ">"}, count=3)
    client.xack(STREAM, "slow", "1000-0", "1002-0")
    sink = RedisStream(config(server.url), lambda: "me")
    sink.tidy()
    assert next(place for place, _ in client.xrange(STREAM)) == "1001-0"
    client.xack(STREAM, "slow", "1001-0")
    sink.tidy()
    assert next(place for place, _ in client.xrange(STREAM)) == "1003-0"
    client.xreadgroup("slow", "me", {STREAM: ">"}, noack=True)
    sink.tidy()
    assert [fields["n"] for _, fields in client.xrange(STREAM)] == ["new"]


def test_nothing_is_trimmed_from_a_stream_that_is_not_there(sink: RedisStream, client: redis.Redis):
    sink.tidy()
    assert not client.exists(STREAM)


def test_a_key_of_another_kind_is_named_with_what_to_do(sink: RedisStream, client: redis.Redis):
    client.set(STREAM, "something else")
    cure = rf"something else at the key {STREAM}\. Name another one in alerts\.redis\.stream, or delete it there"
    with pytest.raises(DeliveryError, match=cure):
        sink.deliver(BEGINNING, [row(1)])
    with pytest.raises(DeliveryError, match=cure):
        sink.tidy()
    client.delete(STREAM)
    assert sink.deliver(BEGINNING, [row(1)]) == mark(1)


def test_a_database_that_is_not_there_is_named_with_what_to_do():
    said = "has no database of that number"
    with RedisServer("--databases", "4") as server, pytest.raises(DeliveryError, match=said):
        RedisStream(config(f"{server.url}?db=9"), lambda: "me").mark()


def test_a_node_of_a_cluster_is_named_as_one():
    said = "is one node of a cluster, which is not supported"
    with RedisServer("--cluster-enabled", "yes") as server, pytest.raises(DeliveryError, match=said):
        RedisStream(config(server.url), lambda: "me").deliver(BEGINNING, [row(1)])


def test_a_url_option_that_is_none_is_an_error_that_hides_the_password():
    odd = RedisStream(config("redis://me:s3cret@127.0.0.1:1/0?no_such_option=1"), lambda: "me")
    with pytest.raises(DeliveryError, match="no_such_option") as caught:
        odd.mark()
    assert "s3cret" not in str(caught.value)


def test_a_group_reads_what_it_has_not_acknowledged_first(server: RedisServer, sink: RedisStream):
    sink.deliver(BEGINNING, [row(1), row(2), row(3)])
    first = GroupFeed(config(server.url), "g", "me").read(0.0)
    assert [told["id"] for _, told in first] == [event(n)["id"] for n in (1, 2, 3)]
    again = GroupFeed(config(server.url), "g", "me")
    again.done([first[0][0]])
    sink.deliver(mark(3), [row(4)])
    assert [told["id"] for _, told in again.read(0.0)] == [event(n)["id"] for n in (2, 3)]
    again.done([place for place, _ in first])
    assert [told["id"] for _, told in again.read(0.0)] == [event(4)["id"]]


def test_a_group_begins_anew_after_redis_was_emptied(server: RedisServer, sink: RedisStream, client: redis.Redis):
    sink.deliver(BEGINNING, [row(1)])
    reader = GroupFeed(config(server.url), "g", "me")
    reader.read(0.0)
    client.flushall()
    assert reader.read(0.1) == []
    sink.deliver(BEGINNING, [row(1)])
    assert [told["id"] for _, told in reader.read(0.1)] == [event(1)["id"]]


def test_entries_of_others_and_trimmed_ones_are_empty_events(server: RedisServer, client: redis.Redis):
    client.xadd(STREAM, {"hello": "there"})
    client.xadd(STREAM, {"data": "not json"})
    assert [told for _, told in GroupFeed(config(server.url), "g", "me").read(0.0)] == [{}, {}]
    client.xtrim(STREAM, maxlen=0)
    assert [told for _, told in GroupFeed(config(server.url), "g", "me").read(0.0)] == [{}, {}]


def test_history_reads_from_a_time_on(server: RedisServer, sink: RedisStream, client: redis.Redis):
    for number in range(3):
        client.xadd(STREAM, {"data": canonical(event(number))}, id=f"{1000 * number + 1000}-0")
    reader = HistoryFeed(config(server.url), 2.0)
    assert [place for place, _ in reader.read(0.0)] == ["2000-0", "3000-0"]
    assert reader.read(0.0) == []
    assert client.xinfo_groups(STREAM) == []


@pytest.mark.parametrize(
    "said",
    [
        "The user executing the script can't run this command or subcommand script: 0a1b, on @user_script:6.",
        "ACL failure in script: User zw has no permissions to run the 'xadd' command script: 0a1b, on @user_script:6.",
    ],
    ids=["Redis 7.0", "Redis 8"],
)
def test_a_right_that_a_script_lacks_is_told_whichever_server_refuses_it(said: str):
    """Kept as those servers say it; which one is here, another test asks for real."""
    with pytest.raises(DeliveryError, match="does not let this user do it"), ours(config("redis://127.0.0.1/0").url):
        raise redis.ResponseError(said)
