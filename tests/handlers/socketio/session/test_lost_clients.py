"""Tests clients whose connections broke, with a clock that the test moves by hand."""

from crdt.changing.text_clients import TextClient
from crdt.changing.text_feed import TextFeed
from handlers.socketio.session.lost_clients import LOST_S, LostClients
from tests.crdt.harness import make_room


class Scene:
    """Lost clients, with a clock that changes only when a test sets `now`."""

    def __init__(self) -> None:
        self.now = 100.0
        self.lost = LostClients(lambda: self.now)
        self._feed = TextFeed(make_room())

    def lose(self, user_id: str) -> TextClient:
        client = TextClient(self._feed, user_id)
        self.lost.add(user_id, client)
        return client


def test_lost_client_is_found_by_its_user_only() -> None:
    scene = Scene()
    first, second = scene.lose("ada"), scene.lose("ada")

    assert scene.lost.of_user("ada") == [first, second]
    assert scene.lost.of_user("bob") == []


def test_lost_client_is_forgotten_after_half_a_minute() -> None:
    scene = Scene()
    scene.lose("ada")
    scene.now += LOST_S / 2
    later = scene.lose("ada")

    assert scene.lost
    scene.now += LOST_S / 2
    assert scene.lost.of_user("ada") == [later]
    scene.now += LOST_S / 2
    assert scene.lost.of_user("ada") == []
    assert not scene.lost


def test_lost_clients_beyond_the_bound_replace_the_first() -> None:
    scene = Scene()
    clients = [scene.lose("ada") for _ in range(20)]

    assert scene.lost.of_user("ada") == clients[-16:]
