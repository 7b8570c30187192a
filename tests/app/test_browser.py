"""The app in a real browser: a round from the file to the result, on a clip whose frames carry their number."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

import vmm
from vmm.data import synthetic

pytest.importorskip("starlette", reason="the packages of the extra app are not installed")
playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

pytestmark = pytest.mark.browser

COUNT, FS, SIZE, BITS, SQUARE = 120, 30, (121, 161), 7, 16
MOVING = (32, 64, 64, 64)
"""The box that sways by 0.3 px at 2 Hz to the right, and by 0.1 px at 5 Hz down."""

WAIT = float(os.environ.get("VMM_TEST_WAIT", "120"))
"""Seconds for one step. It takes one or two on an idle machine."""

SHOTS = os.environ.get("VMM_TEST_SHOTS")
"""Folder for a picture of each step, or none."""

SIZES = [(1280, 720), (1920, 1080)]

NUMBER = """() => {
  const video = document.querySelector("#video"), canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
  const context = canvas.getContext("2d");
  context.drawImage(video, 0, 0);
  let number = 0;
  for (let bit = 0; bit < %d; bit += 1) {
    const [red] = context.getImageData(bit * %d + %d, %d, 1, 1).data;
    if (red > 128) number += 2 ** bit;
  }
  return video.seeking ? -1 : number;
}""" % (BITS, SQUARE, SQUARE // 2, SQUARE // 2)  # noqa: UP031, because the braces are those of JavaScript


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips")
    t = np.arange(COUNT) / FS
    path = np.stack([0.1 * np.sin(2 * np.pi * 5 * t), 0.3 * np.sin(2 * np.pi * 2 * t)], axis=1)
    top, left, height, width = MOVING
    still = synthetic.render(synthetic.texture(SIZE), np.zeros((2, 2)))[0]
    frames = np.repeat(still[None], COUNT, axis=0).astype(float)
    frames[:, top : top + height, left : left + width] = synthetic.render(synthetic.texture((height, width)), path)
    frames += np.random.default_rng(0).normal(0, 0.7, frames.shape)
    for number, frame in enumerate(frames):
        for bit in range(BITS):
            frame[:SQUARE, bit * SQUARE : (bit + 1) * SQUARE] = 235 if number >> bit & 1 else 20
    gray = np.clip(np.rint(frames), 0, 255).astype(np.uint8)
    vmm.io.write(folder / "numbers.mkv", np.stack([gray, gray, gray // 2 + 60], axis=-1), FS)
    (folder / "damaged.mp4").write_bytes(b"no video" * 1000)
    return folder


class App:
    """The command ``vmm app``, and its link."""

    def __init__(self, root):
        command = [sys.executable, "-m", "vmm", "app", "--no-browser", "--port", "0", "--root", str(root)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root)
        assert self.process.stdout is not None
        self.output = self.process.stdout
        self.url = re.findall(r"http\S+", self.output.readline())[0]

    def paused(self, verb):
        """Pause the command with this verb as soon as the app has started it; its process number, or None if none runs.

        A process whose command line is still that of the app has not begun.
        """
        found = subprocess.run(["pgrep", "-P", str(self.process.pid), "-f", f"vmm {verb} "], capture_output=True)
        for number in map(int, found.stdout.split()):
            with suppress(ProcessLookupError):
                os.kill(number, signal.SIGSTOP)
                if Path(f"/proc/{number}/cmdline").read_bytes():  # It is empty if the process has ended.
                    return number
        return None

    def close(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)
        self.output.close()


@pytest.fixture(scope="module")
def app(root):
    app = App(root)
    yield app
    app.close()


@pytest.fixture(scope="module")
def browser():
    program = shutil.which(os.environ.get("CHROMIUM", "chromium"))
    options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=options)
        yield browser
        browser.close()


class Tab:
    """A tab of the app, which records the errors in its console and the addresses that it asks for."""

    def __init__(self, context, app, name="tab"):
        self.page, self.name, self.count = context.new_page(), name, 0
        self.errors: list[str] = []
        self.addresses: list[str] = []
        self.page.set_default_timeout(1000 * WAIT)
        self.page.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else None)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", lambda request: self.addresses.append(request.url))
        self.page.goto(app.url, wait_until="commit")
        self.wait("document.body?.dataset.ready === 'true'")

    def wait(self, expression):
        end = time.monotonic() + WAIT
        while not self.page.evaluate(expression):
            assert time.monotonic() < end, expression
            time.sleep(0.02)

    def shot(self, step):
        if SHOTS:
            self.count += 1
            time.sleep(0.6)  # Animations and videos have begun.
            self.page.screenshot(path=Path(SHOTS) / f"{self.name}-{self.count:02}-{step}.png")

    def open(self, name):
        self.page.click("#tab-open")
        self.page.fill("#path", name)
        self.page.click("#open")

    def open_numbers(self):
        self.open("numbers.mkv")
        self.wait("document.querySelector('#clip-name').textContent === 'numbers.mkv'")
        self.wait("document.querySelector('#video').readyState >= 2 && !document.querySelector('#busy').textContent")

    def at(self, row, col):
        """Position on the screen of a place of the clip."""
        box = self.page.locator("#overlay").bounding_box()
        return box["x"] + col * box["width"] / SIZE[1], box["y"] + row * box["height"] / SIZE[0]

    def drag(self, start, stop):
        mouse = self.page.mouse
        mouse.move(*self.at(*start))
        mouse.down()
        mouse.move(*self.at((start[0] + stop[0]) / 2, (start[1] + stop[1]) / 2))
        mouse.move(*self.at(*stop))
        mouse.up()

    def draw(self, box=MOVING):
        top, left, height, width = box
        self.drag((top + 4, left + 4), (top + height - 4, left + width - 4))

    def choose(self, method):
        """Choose a method and the band around the motion to the right."""
        self.page.click("#tab-magnify")
        self.page.select_option("#method", method)
        self.page.fill("#low", "1.5")
        self.page.fill("#high", "2.5")
        self.page.press("#high", "Enter")

    def regions(self):
        return self.page.evaluate("[...document.querySelectorAll('#regions .name')].map((one) => one.value)")

    def render_and_pause(self, app, verb):
        """Render, and pause the command, which so lasts until it is ended; return its process number."""
        self.page.click("#tab-magnify")
        end = time.monotonic() + WAIT
        while time.monotonic() < end:
            self.wait(f"!{self.job('running')} && !{self.job('waiting')}")
            self.page.click("#render")
            self.wait(self.job("running"))
            while self.page.evaluate(self.job("running")):
                if (number := app.paused(verb)) is not None:
                    return number
        raise AssertionError("no command was seen while it ran")

    def job(self, state):
        return f"document.querySelectorAll('[data-job][data-state={state}]').length"

    def close(self):
        self.page.close()


@pytest.fixture
def tab(app, browser, request):
    size = getattr(request, "param", SIZES[0])
    context = browser.new_context(viewport={"width": size[0], "height": size[1]}, accept_downloads=True)
    tab = Tab(context, app, f"{size[0]}")
    yield tab
    outside = [url for url in tab.addresses if not re.match(r"(https?://127\.0\.0\.1:|data:|blob:)", url)]
    context.close()
    assert outside == [] and tab.errors == []


@pytest.mark.parametrize("tab", SIZES, indirect=True, ids=["1280x720", "1920x1080"])
def test_the_round(tab):
    page = tab.page
    tab.shot("start")
    tab.open_numbers()
    tab.shot("open")
    page.click("#tab-measure")
    for name in reversed(tab.regions()):
        page.click(f'[aria-label="Remove {name}"]')
    tab.draw()
    page.wait_for_selector("[data-peak]")
    lines = page.locator("[data-peak]").all_text_contents()
    right = r"(2(\.00.)?|1\.99.) Hz right(2\.00|1\.99).* Hz0\.(30|29)\d* . \S+ px right"
    down = r"(5(\.00.)?|4\.99.) Hz down(5\.00|4\.99).* Hz0\.(10|09)\d* . \S+ px down"
    for pattern in (right, down):
        assert any(re.match(pattern, line) for line in lines), lines
    tab.shot("measure")
    page.locator("[data-peak]").first.click()
    page.wait_for_selector("#shape-figure:not([hidden])")
    page.wait_for_selector("#orbit-figure:not([hidden])")
    tab.wait("!document.querySelector('#busy').textContent")
    page.click("[data-view=shape]")
    tab.shot("shape")
    page.click("#tab-magnify")
    assert 0 < float(page.input_value("#low")) < 2 < float(page.input_value("#high")) < 3
    page.fill("#alpha", "25")
    page.press("#alpha", "Enter")
    page.click("#preview")
    tab.wait("/in .*\\ss$/.test(document.querySelector('#preview-note').textContent)")
    tab.wait("!document.querySelector('#busy').textContent")
    page.click("[data-view=slider]")
    tab.shot("slider")
    page.click("[data-view=side]")
    tab.shot("side")
    page.click("[data-view=original]")
    page.click("[data-tool=slice]")
    tab.drag((20, 100), (100, 102))
    page.wait_for_selector("#slice-figure:not([hidden])")
    tab.shot("slice")
    page.click("[data-tool=region]")
    page.click("#tab-find")
    page.click("#map")
    page.wait_for_selector("#map-clear:not([hidden])")
    page.click("#suggest")
    page.wait_for_selector("#suggestions .item")
    tab.shot("find")
    page.click("#tab-take")
    tab.wait("document.querySelector('#line-magnify').textContent.startsWith('vmm ')")
    assert "--alpha 25" in page.text_content("#line-magnify")
    page.click("[data-export=csv]")
    with page.expect_download() as download:
        page.click("#jobs a[download$='.csv']")
    text = Path(download.value.path()).read_text()
    assert len(text.splitlines()) > COUNT and "region 1" in text
    assert "the shapes at 2" in page.text_content("#report-note")
    page.click("[data-export=html]")
    with page.expect_download() as download:
        page.click("#jobs a[download$='.html']")
    text = Path(download.value.path()).read_text()
    assert "region 1" in text and "alpha 25" in text and text.count("data:video/mp4") == 2
    with page.expect_download() as download:
        page.click("#save-state")
    content = json.loads(Path(download.value.path()).read_text())
    assert content["clip"]["path"] == "numbers.mkv" and len(content["regions"]) == 1
    tab.shot("export")
    page.click("#tab-magnify")
    page.click("#render")
    page.wait_for_selector("#jobs a[download$='.mp4']")
    tab.wait("document.querySelector('[data-view=slider]').ariaChecked === 'true'")
    tab.shot("render")


def test_every_seek_shows_its_frame(tab):
    tab.open_numbers()
    for number in np.random.default_rng(1).permutation(COUNT)[:40].tolist():
        tab.page.evaluate(f"(one => {{ one.value = {number}; one.oninput(); }})(document.querySelector('#scrub'))")
        assert tab.page.text_content("#position").startswith(f"frame {number} of {COUNT}")
        tab.wait(
            "(video => !video.seeking && Math.abs(video.currentTime - "
            f"{(number + 0.5) / FS}) < 1e-3)(document.querySelector('#video'))"
        )
        tab.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        assert tab.page.evaluate(NUMBER) == number
    tab.page.keyboard.press("ArrowLeft")
    tab.wait(f"document.querySelector('#position').textContent.startsWith('frame {max(0, number - 1)} ')")


def test_keyboard_undo_and_a_refused_region(tab):
    page = tab.page
    tab.open_numbers()
    page.click("#tab-measure")
    before = len(tab.regions())
    tab.draw((70, 20, 30, 30))
    assert len(tab.regions()) == before + 1
    page.locator("#overlay .region").last.focus()
    label = page.locator("#overlay .region").last.get_attribute("aria-label")
    page.keyboard.press("ArrowDown")
    assert page.locator("#overlay .region").last.get_attribute("aria-label") != label
    page.keyboard.press("Control+z")
    assert page.locator("#overlay .region").last.get_attribute("aria-label") == label
    page.route("**/api/regions", lambda route: route.abort())
    tab.draw((97, 100, 22, 50))
    page.wait_for_selector("#error:not([hidden])")
    assert len(tab.regions()) == before + 2
    page.unroute("**/api/regions")
    page.keyboard.press("Delete")
    tab.wait(f"document.querySelectorAll('#regions .name').length === {before + 1}")
    tab.errors[:] = [text for text in tab.errors if "ERR_FAILED" not in text]


def test_a_polygon_is_drawn_reshaped_moved_named_and_undone(tab, root):
    page = tab.page
    tab.open_numbers()
    page.click("#tab-measure")
    before = len(tab.regions())
    page.keyboard.press("p")
    places = [(36, 70), (36, 120), (90, 120), (60, 95), (90, 70)]
    for place in places:
        page.mouse.click(*tab.at(*place))
    page.mouse.move(*tab.at(60, 80))
    tab.shot("polygon")
    page.mouse.click(*tab.at(*places[0]))
    assert len(tab.regions()) == before + 1
    page.wait_for_selector("[data-peak]")
    shape = page.locator("#overlay polygon.chosen")
    corners = lambda: [[*map(int, one.split(","))] for one in shape.get_attribute("points").split()]  # noqa: E731
    drawn = corners()
    assert np.abs(np.array(drawn) - [[col, row] for row, col in places]).max() <= 1
    tab.drag((60, 95), (75, 95))
    assert abs(corners()[3][1] - 75) <= 1 and corners()[0] == drawn[0]
    tab.drag((45, 95), (40, 91))
    assert abs(corners()[0][1] - 32) <= 1 and abs(corners()[0][0] - 66) <= 1
    page.keyboard.press("Control+z")
    assert abs(corners()[3][1] - 75) <= 1 and corners()[0] == drawn[0]
    page.keyboard.press("Control+z")
    assert corners() == drawn
    shape.focus()
    page.keyboard.press("Shift+ArrowDown")
    assert max(row for _, row in corners()) == max(row for _, row in drawn) + 1
    page.fill("#regions .chosen .name", "bracket")
    page.keyboard.press("Enter")
    page.click("#tab-take")
    tab.wait("/--polygon .*--name=bracket/.test(document.querySelector('#line-measure').textContent)")
    with page.expect_download() as download:
        page.click("#save-state")
    region = json.loads(Path(download.value.path()).read_text())["regions"][-1]
    assert region["name"] == "bracket" and [[col, row] for row, col in region["polygon"]] == corners()
    page.click("[data-tool=polygon]")
    for place in places[:2]:
        page.mouse.click(*tab.at(place[0], place[1] - 60))
    page.keyboard.press("Escape")
    page.keyboard.press("Delete")
    tab.wait(f"document.querySelectorAll('#regions .name').length === {before}")
    page.keyboard.press("Control+z")
    tab.wait("document.querySelector('#overlay polygon')")
    page.set_input_files("#state-file", Path(download.value.path()))
    tab.wait("document.querySelector('#overlay polygon')")
    page.keyboard.press("r")


def test_part_by_the_keyboard(tab):
    tab.open_numbers()
    for number, key, part in ((20, "[", "20 to 119"), (60, "]", "20 to 60")):
        tab.page.evaluate(f"(one => {{ one.value = {number}; one.oninput(); }})(document.querySelector('#scrub'))")
        tab.page.keyboard.press(key)
        tab.wait(f"document.querySelector('#part').title.endsWith('frames {part}')")


def test_cancel_reload_and_a_killed_command(tab, app):
    page = tab.page
    tab.open_numbers()
    tab.choose("phase")
    before = page.evaluate(tab.job("canceled")), page.evaluate(tab.job("failed"))
    number = tab.render_and_pause(app, "phase")
    cancel = "[data-state=running]:has-text('Rendering') button:has-text('Cancel')"
    page.wait_for_selector(cancel)
    page.reload(wait_until="commit")
    tab.wait("document.body?.dataset.ready === 'true'")
    page.click(cancel)
    os.kill(number, signal.SIGCONT)  # It has not yet received the signal of the app.
    tab.wait(f"{tab.job('canceled')} > {before[0]}")
    assert page.input_value("#low") == "1.5"  # The settings survive a reload.
    os.kill(tab.render_and_pause(app, "phase"), signal.SIGKILL)
    tab.wait(f"{tab.job('failed')} > {before[1]}")
    tab.wait("document.querySelector('#error').textContent.includes('status')")


def test_what_is_typed_stays_when_the_server_announces_a_change(tab, app):
    """One edge of a band is no setting yet; a change in another tab must not clear it."""
    page = tab.page
    tab.open_numbers()
    page.click("#tab-magnify")
    page.fill("#low", "1.25")
    page.focus("#high")
    before = len(tab.regions())
    other = Tab(page.context, app)
    other.wait("document.querySelector('#video').readyState >= 2")
    other.draw((97, 4, 22, 40))
    tab.wait(f"document.querySelectorAll('#regions .name').length === {before + 1}")
    other.close()
    assert page.input_value("#low") == "1.25"


def test_a_setting_survives_a_reload_at_once(tab):
    page = tab.page
    tab.open_numbers()
    page.click("#tab-magnify")
    page.fill("#alpha", "17")
    page.press("#alpha", "Enter")
    page.reload(wait_until="commit")
    tab.wait("document.body?.dataset.ready === 'true'")
    assert page.input_value("#alpha") == "17"


@pytest.mark.parametrize("tab", SIZES[:1], indirect=True, ids=["1280x720"])
def test_the_live_step(tab, root):
    clip = root / "camera.mkv"
    if not clip.exists():
        frames, _ = vmm.io.read(root / "numbers.mkv")
        vmm.io.write(clip, np.concatenate([frames] * 20), 10)  # 240 s
    page = tab.page
    page.click("#tab-live")
    page.fill("#live-source", "missing.mkv")
    page.click("#live-start")
    tab.wait("document.querySelector('#error').textContent.includes('no such file')")
    tab.errors[:] = [text for text in tab.errors if "400" not in text]
    page.fill("#live-source", "camera.mkv")
    page.select_option("#live-method", "linear")
    page.click("#live-start")
    tab.wait("document.querySelector('#live-text').textContent.includes('frames/s')")
    box = page.locator("#live").bounding_box()
    page.mouse.move(box["x"] + 0.23 * box["width"], box["y"] + 0.4 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.36 * box["width"], box["y"] + 0.68 * box["height"])
    page.mouse.up()
    tab.wait("document.querySelector('#wave-note').textContent.includes('the last seconds')")
    page.fill("#live-low", "0.5")
    page.fill("#live-high", "0.9")
    page.press("#live-high", "Tab")
    page.click("#live-record")
    tab.wait("document.querySelector('#live-record').textContent.includes('End')")
    time.sleep(3)
    tab.shot("live")
    page.click("#live-record")
    page.wait_for_selector("#live-files a[download$='.mkv']")
    page.reload(wait_until="commit")
    tab.wait("document.body?.dataset.ready === 'true'")
    tab.wait("document.querySelector('#live-text').textContent.includes('frames/s')")  # It goes on after a reload.
    page.click("#live-stop")
    tab.wait("document.querySelector('#live-text').textContent === 'Stopped.'")
    page.locator("#live-files button").first.click()
    tab.wait("document.querySelector('#clip-name').textContent.startsWith('live_')")
    page.wait_for_selector("#live", state="hidden")


def test_the_button_of_a_job_is_the_same_while_it_runs(tab):
    """A click on a button that is replaced between press and release is lost."""
    tab.open_numbers()
    texts = tab.page.evaluate("""async () => {
      const { update } = await import(document.querySelector("script[type=module]").src.replace("main.js", "jobs.js"));
      const { state } = await import(document.querySelector("script[type=module]").src.replace("main.js", "state.js"));
      const seen = [];
      for (const done of [10, 20]) {
        const job = { id: 1e6, title: "Made up", kind: "render", state: "running", message: "", done, total: 40 };
        update({ ...state.progress, jobs: [job] });
        const row = document.querySelector("[data-job='1000000']");
        row.querySelector("button").dataset.times = `${Number(row.querySelector("button").dataset.times ?? 0) + 1}`;
        seen.push(row.querySelector(".job").textContent, row.querySelector("button").dataset.times);
      }
      return seen;
    }""")
    assert texts == ["Made up 25 %", "1", "Made up 50 %", "2"]


def test_the_same_settings_for_other_files(tab, root):
    page = tab.page
    tab.open_numbers()
    tab.choose("linear")
    page.click("#batch-part summary")
    page.check("#batch-files input[value='damaged.mp4']")
    assert page.is_checked("#batch-files input[value='numbers.mkv']")
    page.click("#batch")
    tab.wait("document.querySelectorAll('#batch-table tr').length === 3")
    assert "done" in page.text_content("#batch-table") and "failed" in page.text_content("#batch-table")
    tab.shot("batch")
    assert (root / "magnified/numbers_linear.mp4").exists()


def test_two_tabs_show_the_same_regions(tab, app):
    tab.open_numbers()
    other = Tab(tab.page.context, app)
    before = len(other.regions())
    tab.draw((97, 4, 22, 40))
    other.wait(f"document.querySelectorAll('#regions .name').length === {before + 1}")
    assert other.regions() == tab.regions()
    other.close()


def test_a_damaged_file_is_one_sentence_and_the_clip_stays(tab):
    tab.open_numbers()
    tab.open("damaged.mp4")
    tab.wait("document.querySelector('#error').textContent.includes('no video that ffmpeg can decode')")
    tab.open("../outside.mkv")
    tab.wait("document.querySelector('#error').textContent.includes('opens files below')")
    assert tab.page.text_content("#clip-name") == "numbers.mkv"
    tab.errors[:] = [text for text in tab.errors if "400" not in text]


def test_upload_of_a_file(tab, root):
    tab.page.set_input_files("#file", root / "numbers.mkv")
    tab.wait("document.querySelector('#clip-facts').textContent.includes('120 frames at 30 Hz')")


def test_without_the_token(app, browser):
    context = browser.new_context()
    page = context.new_page()
    for address in (app.url.partition("?")[0], app.url[:-3] + "xyz"):
        assert page.goto(address).status == 403
    context.close()


def test_a_preview_leaves_the_view_that_was_chosen_meanwhile(tab):
    page = tab.page
    tab.open_numbers()
    tab.choose("linear")
    page.uncheck("#auto")
    done = "/in .*\\ss$/.test(document.querySelector('#preview-note').textContent)"
    while not page.evaluate(done):  # The frames may still be read.
        page.click("#preview")
        tab.wait(f"{done} || document.querySelector('#error').textContent")
    tab.wait("!document.querySelector('#busy').textContent")
    assert page.get_attribute("[data-view=slider]", "aria-checked") == "true"
    page.evaluate(
        "document.querySelector('#preview-note').textContent = ''; document.querySelector('#preview').click();"
        "document.querySelector('[data-view=original]').click()"
    )
    tab.wait(done)
    assert page.get_attribute("[data-view=original]", "aria-checked") == "true"
