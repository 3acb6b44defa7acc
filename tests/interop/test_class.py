"""Tests of a class behind one IP address, under the default limits.

All students come together by an invite, with empty browser caches. Each client makes the same
requests as Chromium: page, script, style, icon, invite. Then it joins and opens its editor.
"""

import asyncio
import re
import time
from collections import Counter
from dataclasses import dataclass

import pytest
from tornado.httpclient import AsyncHTTPClient

from collab_server.server import Server
from tests.api import PASSWORD, Api, Wire
from tests.conftest import AS_SHIPPED, StartServer
from tests.handlers.clients import account, is_open, new_invite

STUDENTS = 60
WITHIN_S = 30
CLASSES = 3
CLASS_SIZE = 200
"""Members that a session may have: a teacher and 199 students."""
SCHOOL_SIGN_UPS = 300
ASSET = re.compile(r'(?:src|href)="(/static/[^"]+)"')


@dataclass
class Class:
    """A teacher's session, and the statuses of all answers to its students.

    The teacher has the students' IP address.
    """

    server: Server
    teacher: Api
    session_id: str
    invite: str
    statuses: Counter[tuple[str, int]]

    @property
    def url(self) -> str:
        return self.server.url

    async def get(self, path: str) -> bytes:
        answer = await Api(self.url).get(path, headers={"Accept": "text/html"})
        self.statuses[re.sub("[0-9a-f]{8,}", "", path.partition("/join")[0]), answer.status] += 1
        return answer.body if isinstance(answer.body, bytes) else b""

    async def open_page(self) -> None:
        """Load the invite's page with an empty cache. Raises: `ValueError` if it has no assets."""
        page = (await self.get(f"/join/{self.invite}")).decode()
        script, *others = sorted(
            set(ASSET.findall(page)), key=lambda path: not path.endswith(".js")
        )
        await asyncio.gather(*(self.get(path) for path in (script, *others)))
        answer = await Api(self.url).get(f"/invite/{self.invite}")
        self.statuses["invite", answer.status] += 1

    async def post(self, path: str, body: dict[str, str], api: Api | None = None) -> Api:
        """Post a body, and return a client with the access token of the answer."""
        answer = await (api or Api(self.url)).post(path, body)
        self.statuses[path, answer.status] += 1
        return Api(self.url, answer.body.get("accessToken"))

    async def come_as_guest(self, number: int) -> Wire:
        await self.open_page()
        return await self.edit(
            await self.post("/user/guest", {"name": f"Student {number}", "invite": self.invite})
        )

    async def sign_up(self, number: int, *, shows_invite: bool) -> Wire:
        await self.open_page()
        more = {"invite": self.invite} if shows_invite else {}
        return await self.join(await self.post("/user/signup", account(f"student{number}", **more)))

    async def sign_in(self, number: int) -> Wire:
        """Sign in on another machine, with the account of `sign_up`."""
        await self.open_page()
        return await self.join(
            await self.post("/user/login", {"username": f"student{number}", "password": PASSWORD})
        )

    async def join(self, student: Api) -> Wire:
        await self.post(f"/session/{self.session_id}/join", {"invite": self.invite}, student)
        return await self.edit(student)

    async def edit(self, student: Api) -> Wire:
        wire = await student.connect(self.session_id)
        assert await is_open(wire)
        return wire


@pytest.fixture
async def school(start_server: StartServer) -> Class:
    """Return a session by invitation only, on a server with the default limits."""
    AsyncHTTPClient(max_clients=STUDENTS)
    return await class_of(await start_server(**AS_SHIPPED), "teacher", Counter())


async def class_of(server: Server, name: str, statuses: Counter[tuple[str, int]]) -> Class:
    """Return the session of a new teacher, which students enter by an invite."""
    teacher = await Api(server.url).sign_up(name)
    session_id = await teacher.new_session(access="invite")
    invite = (await new_invite(teacher, session_id))["invite"]
    return Class(server, teacher, session_id, invite, statuses)


async def all_in(school: Class, *students: "asyncio.Task[Wire]") -> None:
    """Check that all editors, including the teacher's, are open, and that nothing was refused."""
    wires = await asyncio.gather(*students)
    open_now = [await is_open(wire) for wire in wires]
    assert open_now == [True] * len(students)
    assert await is_open(await school.edit(school.teacher))
    assert {status for _, status in school.statuses} <= {200, 201}, school.statuses
    assert not any(school.server.parts.services.limit_counters.values())


@pytest.mark.parametrize(
    "way", ["guests", "sign-ups that show the invite", "sign-ups after the invite's page"]
)
async def test_sixty_browsers_without_cache_at_one_address_get_in(school: Class, way: str) -> None:
    """All students get in within half a minute, and all their sockets are open together.

    The server refuses none of their requests.
    """
    began_at = time.monotonic()

    async with asyncio.TaskGroup() as group:
        if way == "guests":
            students = [
                group.create_task(school.come_as_guest(number)) for number in range(STUDENTS)
            ]
        else:
            shows = "show" in way
            students = [
                group.create_task(school.sign_up(number, shows_invite=shows))
                for number in range(STUDENTS)
            ]

    await all_in(school, *students)
    assert time.monotonic() - began_at < WITHIN_S


async def test_class_with_accounts_signs_in_on_new_machines(school: Class) -> None:
    """In the next lesson, all sign in together, in browsers without cookies."""
    async with asyncio.TaskGroup() as group:
        first = [
            group.create_task(school.sign_up(number, shows_invite=True))
            for number in range(STUDENTS)
        ]
    for task in first:
        task.result().close()

    async with asyncio.TaskGroup() as group:
        students = [group.create_task(school.sign_in(number)) for number in range(STUDENTS)]

    await all_in(school, *students)


async def test_class_gets_in_while_a_neighbour_guesses(school: Class) -> None:
    """200 wrong invites and 200 wrong passwords from the same address stop nobody else there."""
    for number in range(200):
        await Api(school.url).post(
            "/user/login", {"username": f"nobody{number % 25}", "password": "not the password"}
        )

    async def guess_invites() -> list[int]:
        answers = [Api(school.url).get(f"/invite/{number:026}") for number in range(200)]
        return [answer.status for answer in await asyncio.gather(*answers)]

    async with asyncio.TaskGroup() as group:
        guessed = group.create_task(guess_invites())
        students = [group.create_task(school.come_as_guest(number)) for number in range(10)]
        students += [
            group.create_task(school.sign_up(number, shows_invite=True)) for number in range(10, 20)
        ]

    assert Counter(guessed.result()) == {404: 60, 429: 140}
    assert {status for _, status in school.statuses} <= {200, 201}, school.statuses
    assert all([await is_open(task.result()) for task in students])


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_school_of_600_works_at_the_same_time(start_server: StartServer) -> None:
    """Three full classes come through one address; 300 of them make accounts in this lesson.

    This uses the limits on connections and on new accounts to the last one, and those on members,
    guests and connections of a session by more than half. So half of any of them is too little.
    """
    server = await start_server(**AS_SHIPPED)
    turns, statuses = asyncio.Semaphore(20), Counter[tuple[str, int]]()
    classes = [await class_of(server, f"teacher{number}", statuses) for number in range(CLASSES)]
    teachers = [await school_class.edit(school_class.teacher) for school_class in classes]

    async def come(number: int) -> Wire:
        school_class = classes[number % CLASSES]
        async with turns:
            if number < SCHOOL_SIGN_UPS:
                body = account(f"student{number}", invite=school_class.invite)
                return await school_class.join(await school_class.post("/user/signup", body))
            body = {"name": f"Student {number}", "invite": school_class.invite}
            return await school_class.edit(await school_class.post("/user/guest", body))

    def stay(wire: Wire) -> "asyncio.Task[tuple[int | None, str]]":
        """Read, so that pings are answered while others still come."""
        return asyncio.create_task(wire.until_closed(timeout_s=600))

    staying = [stay(wire) for wire in teachers]
    students = map(come, range(CLASSES * (CLASS_SIZE - 1)))
    staying += [stay(await student) for student in asyncio.as_completed(students)]

    assert [task.result() for task in staying if task.done()] == []
    assert server.parts.services.connections.open == CLASSES * CLASS_SIZE
    for task in staying:
        task.cancel()
    assert {status for _, status in statuses} <= {200, 201}, statuses
    assert not any(server.parts.services.limit_counters.values())


async def test_connections_of_240_browsers_opened_together_are_all_answered(school: Class) -> None:
    """Each browser opens six connections, and each connection gets an answer."""
    connections = [
        await asyncio.open_connection("127.0.0.1", school.server.port) for _ in range(1_440)
    ]

    async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        line = await reader.readline()
        writer.close()
        return line

    assert Counter(await asyncio.gather(*(ask(*connection) for connection in connections))) == {
        b"HTTP/1.1 200 OK\r\n": 1_440
    }
