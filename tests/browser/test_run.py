"""Tests of running programs in the browser: each language, the limits, and what others see."""

import re

import pytest
from playwright.async_api import Route, expect

from tests.api import Api
from tests.browser.conftest import NewPerson, Someone
from tests.browser.programs import output, programmer, run, write

DONE = re.compile("Done in ")
PROGRAMS = {
    "javascript": ("console.log(6 * 7, [1, 'a'], {b: null})", '42 [1, "a"] { b: null }'),
    "typescript": ("const x: number = 6 * 7\nconsole.log(x as number)", "42"),
    "python": ("import sys\nprint(sum(range(10)), sys.platform)", "45 emscripten"),
    "sql": (
        "CREATE TABLE t (a, b); INSERT INTO t VALUES (1, 'x'), (2, NULL);\nSELECT * FROM t;",
        "a | b\n--+-----\n1 | x\n2 | NULL\n(2 rows)",
    ),
    "lua": ("print(1.0, nil, #'abc')\nio.write('x\\n')", "1.0\tnil\t3\nx"),
}
ENDLESS = {"javascript": "console.log('on')\nwhile (true) {}", "python": "while True: pass"}


async def add_file(person: Someone, name: str, text: str) -> None:
    await person.button("Add a file").click()
    await person.page.get_by_label("Name of the new file").fill(name)
    await person.page.keyboard.press("Enter")
    await expect(person.page.get_by_role("textbox", name=name)).to_be_visible()
    await write(person, text)


@pytest.mark.parametrize("language", PROGRAMS)
async def test_program_of_each_language_prints_without_other_hosts(
    person: NewPerson, language: str
) -> None:
    """A program in each language runs, and the browser requests nothing of another host.

    The end of a run in WebAssembly says how much memory it had. Nobody knows that of JavaScript.
    """
    code, printed = PROGRAMS[language]
    ada = await programmer(person, language)
    foreign: list[str] = []

    async def block(route: Route) -> None:
        if route.request.url.startswith((ada.url, "blob:", "data:")):
            await route.fallback()
        else:
            foreign.append(route.request.url)
            await route.abort()

    await ada.context.route("**/*", block)
    for _ in range(2):
        await run(ada, code)
        await expect(ada.page.get_by_text(DONE)).to_be_visible()
        await expect(output(ada)).to_have_text(printed)
        memory = ada.page.get_by_text(re.compile(r"\. \d+ MB of memory, with the language\."))
        await expect(memory).to_have_count(0 if language.endswith("script") else 1)
    assert foreign == []


async def test_python_starts_from_copy_of_memory_without_traces(person: NewPerson) -> None:
    """Later runs start from one copy of Python, so the hash of a text is the same in all of them.

    But no run finds what another one has left, and random numbers differ.
    """
    ada = await programmer(person, "python")
    code = """import builtins, json, os, random
print(hash("a"), random.random(), os.listdir(), hasattr(builtins, "left"), hasattr(json, "left"))
builtins.left = json.left = True
open("left", "w").write("x")
"""
    printed = []
    for _ in range(3):
        await run(ada, code)
        await expect(ada.page.get_by_text(DONE)).to_be_visible()
        printed.append((await output(ada).inner_text()).strip().split(" ", 2))

    _, second, third = printed
    assert [rest for _, _, rest in printed] == ["['main.py'] False False"] * 3
    assert second[0] == third[0]
    assert second[1] != third[1]


async def test_files_import_each_other_and_read_input(person: NewPerson) -> None:
    """The entry is the open file. It imports another one, and reads the input line by line."""
    ada = await programmer(person, "python")
    await add_file(ada, "helper.py", "def double(text):\n    return text * 2\n")
    await ada.page.get_by_role("tab", name="main.py").click()
    await ada.button("Output").click()
    await ada.page.get_by_text("Input", exact=True).click()
    await ada.page.get_by_label("Input of the program").fill("ab\ncd")
    await run(ada, "import helper\nprint(helper.double(input()), input())")

    await expect(output(ada)).to_have_text("abab cd")


async def test_python_file_imports_module_in_its_folder(person: NewPerson) -> None:
    """For a program in a folder, modules in that folder take precedence."""
    ada = await programmer(person, "python")
    await add_file(ada, "helper.py", "place = 'root'\n")
    await add_file(ada, "tools/helper.py", "place = 'folder'\n")
    await add_file(ada, "tools/start.py", "")
    await run(ada, "import helper\nprint(helper.place)")

    await expect(output(ada)).to_have_text("folder")


async def test_python_file_imports_own_module_in_each_run(person: NewPerson) -> None:
    """The copy of Python's memory, from which later runs start, has a module of the same name."""
    ada = await programmer(person, "python")
    await add_file(ada, "pprint.py", "place = 'session'\n")
    await ada.page.get_by_role("tab", name="main.py").click()
    for number in (1, 2):
        await run(ada, f"import pprint\nprint({number}, pprint.place)")
        await expect(output(ada)).to_have_text(f"{number} session")


async def test_typescript_file_imports_javascript_file(person: NewPerson) -> None:
    ada = await programmer(person, "typescript")
    await add_file(ada, "lib/half.js", "export const half = (x) => x / 2\n")
    await ada.page.get_by_role("tab", name="main.ts").click()
    await run(ada, 'import { half } from "./lib/half"\nsetTimeout(() => console.log(half(8)), 50)')

    await expect(output(ada)).to_have_text("4")


@pytest.mark.parametrize("language", ENDLESS)
async def test_endless_loop_is_stopped_while_editor_lives(person: NewPerson, language: str) -> None:
    """A loop without end ends at the time limit.

    Meanwhile, the user can type, and the text is saved.
    """
    ada = await programmer(person, language)
    await run(ada, ENDLESS[language])
    await expect(ada.button("Stop")).to_be_visible()
    await ada.type("\n# typed meanwhile")
    await ada.until_saved()

    await expect(ada.page.get_by_text("Stopped at the limit of 10.0 s")).to_be_visible()
    await expect(ada.button("Run")).to_be_visible()


async def test_stop_ends_program_and_next_one_runs(person: NewPerson) -> None:
    ada = await programmer(person, "javascript")
    await run(ada, ENDLESS["javascript"])
    await expect(output(ada)).to_have_text("on")
    await ada.button("Stop").click()
    await expect(ada.page.get_by_text("Stopped after")).to_be_visible()
    await run(ada, "console.log('next')")

    await expect(output(ada)).to_have_text("next")


@pytest.mark.parametrize(
    ("language", "code"),
    [
        ("javascript", "for (let i = 0; i < 1e5; i++) console.log('x'.repeat(99))"),
        ("python", "for i in range(100_000): print('x' * 99)"),
    ],
)
async def test_output_of_ten_megabytes_is_cut(person: NewPerson, language: str, code: str) -> None:
    """64 KiB are kept, and the page says so."""
    ada = await programmer(person, language)
    await run(ada, code)

    await expect(ada.page.get_by_text("The output was cut at 64 KiB.")).to_be_visible()
    assert len(await output(ada).text_content() or "") == 64 * 1024


@pytest.mark.parametrize(
    ("language", "code", "link"),
    [
        ("javascript", "let a = 1\nnull.b", "main.js:2"),
        ("typescript", "let a: number = 1\nnull!.b", "main.ts:2"),
        ("python", "a = 1\n1 / 0", '"main.py", line 2'),
        ("lua", "local a = 1\nerror('no')", "main.lua:2"),
    ],
)
async def test_error_leads_to_its_line(
    person: NewPerson, language: str, code: str, link: str
) -> None:
    """An error names its line, and a click puts the cursor there."""
    ada = await programmer(person, language)
    await run(ada, code)
    await expect(ada.page.get_by_text(re.compile("exit code 1"))).to_be_visible()
    await output(ada).get_by_role("button", name=re.compile(re.escape(link))).first.click()

    await expect(ada.page.locator(".cm-activeLine")).to_have_text(code.split("\n")[1])
    await expect(ada.text).to_be_focused()


async def test_colours_are_text_and_markup_is_no_markup(person: NewPerson) -> None:
    """Escape sequences colour the text. Markup in an output is shown as text."""
    ada = await programmer(person, "javascript")
    await run(ada, "console.log('\\x1b[31mred\\x1b[0m <img src=x onerror=alert(1)>')")

    await expect(output(ada)).to_have_text("red <img src=x onerror=alert(1)>")
    await expect(output(ada).locator("[data-colour='1']")).to_have_text("red")
    await expect(output(ada).locator("img")).to_have_count(0)


async def test_button_for_language_that_does_not_run_says_why(person: NewPerson) -> None:
    ada = await programmer(person, "java")
    await run(ada, "class Main {}")

    ada.expected.append("404")  # the server knows no service for other languages
    await expect(ada.page.get_by_text(re.compile("Java does not run in a browser"))).to_be_visible()
    await expect(ada.page.get_by_text(re.compile("COLLAB_RUNNER_URL"))).to_be_visible()


async def test_python_program_shows_its_picture(person: NewPerson) -> None:
    ada = await programmer(person, "python")
    drawing = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'
    await run(ada, f"open('drawing.svg', 'w').write('{drawing}')")

    picture = ada.page.get_by_role("img", name="Picture 1 of the program")
    await expect(picture).to_be_visible()
    assert await picture.evaluate("image => image.naturalWidth") == 9


async def test_page_is_shown_with_files_of_session(person: NewPerson) -> None:
    """An HTML file is shown with its script and its style sheet."""
    ada = await programmer(person, "html")
    await add_file(ada, "page.js", "document.body.append('made by a script')")
    await add_file(ada, "page.css", "p { color: rgb(1, 2, 3) }")
    await ada.page.get_by_role("tab", name="main.html").click()
    links = '<link rel="stylesheet" href="page.css"><script defer src="page.js"></script>'
    await run(ada, f"<body><p>a text</p>{links}</body>")

    shown = ada.page.frame_locator("iframe[title='Preview of main.html']")
    await expect(shown.get_by_text("made by a script")).to_be_visible()
    await expect(shown.get_by_text("a text")).to_have_css("color", "rgb(1, 2, 3)")


async def test_others_see_who_runs_and_the_result(person: NewPerson, api: Api) -> None:
    """Another member sees the running program, then its output, and both in the history."""
    ada, gil = await programmer(person, "javascript"), await person()
    await ada.let_in(gil, "Gil", "viewer")
    await expect(gil.button("Run")).to_have_count(0)
    await gil.button("Output").click()
    await run(ada, ENDLESS["javascript"])
    await expect(gil.page.get_by_text(f"{ada.name} runs main.js…")).to_be_visible()
    await expect(gil.page.locator(".run-elsewhere pre")).to_have_text("on")
    await ada.button("Stop").click()
    await run(ada, "console.log('for all')")
    await expect(output(ada)).to_have_text("for all")

    await expect(output(gil)).to_have_text("for all")
    await expect(gil.page.get_by_text(f"As the browser of {ada.name} reports it.")).to_be_visible()
    await gil.page.get_by_role("tab", name="History").click()
    rows = gil.page.locator(".run-list li")
    await expect(rows).to_have_count(2)
    await expect(rows.first).to_contain_text(f"{ada.name} ran main.js")
    await rows.last.get_by_role("button").click()
    await expect(output(gil)).to_have_text("on")


async def test_owner_chooses_who_may_run(person: NewPerson) -> None:
    """The owner lets viewers run, and then nobody."""
    ada, gil = await programmer(person, "javascript"), await person()
    await ada.let_in(gil, "Gil", "viewer")
    await write(ada, "console.log('by a viewer')")
    await ada.button("Output").click()
    for choice, count in (("all", 1), ("nobody", 0)):
        await ada.choose("Settings")
        await ada.page.get_by_label("Who may run programs").select_option(choice)
        await ada.page.get_by_role("dialog").get_by_role("button", name="Save").click()
        await expect(gil.button("Run")).to_have_count(count)
        if choice == "all":
            await gil.button("Run").click()
            await expect(output(ada)).to_have_text("by a viewer")
    await expect(ada.button("Run")).to_have_count(0)


async def test_failure_to_load_a_runtime_is_shown(person: NewPerson) -> None:
    """If a file of a language does not arrive, the output says so. The next run tries again."""
    ada = await programmer(person, "sql")
    ada.expected.append("net::ERR_FAILED")
    await ada.context.route("**/*.wasm", lambda route: route.abort())
    await run(ada, "SELECT 1")
    await expect(ada.page.get_by_text("The language could not be loaded")).to_be_visible()
    await ada.context.unroute_all()
    await ada.button("Run").click()

    await expect(output(ada)).to_contain_text("(1 row)")


@pytest.mark.parametrize("width", [1280, 960, 390])
async def test_output_is_accessible(person: NewPerson, width: int) -> None:
    """The output is accessible in both themes. On a phone, Run is at the foot of the screen."""
    ada = await person(viewport={"width": width, "height": 800})
    await ada.open_new("Running")
    await run(ada, "console.log('\\x1b[32mgood'); console.error('bad')\nnull.x")
    await expect(ada.page.get_by_text(re.compile("exit code 1"))).to_be_visible()
    for theme in ("light", "dark"):
        await ada.page.emulate_media(color_scheme=theme)
        await expect(ada.page.locator("html")).to_have_attribute("data-theme", theme)
        await ada.check_access()
    assert await ada.page.evaluate("document.documentElement.scrollWidth") <= width
    await expect(ada.button("Run")).to_be_in_viewport()
    await ada.page.get_by_role("tab", name="History").click()
    await expect(ada.page.locator(".run-list li")).to_have_count(1)
    await ada.check_access()
