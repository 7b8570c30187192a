"""The server of the app, without a browser."""

import asyncio
import json
import os
import time
import warnings
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

import numpy as np
import pytest

import vmm

pytest.importorskip("starlette", reason="the packages of the extra app are not installed")
pytest.importorskip("uvicorn", reason="the packages of the extra app are not installed")
pytest.importorskip("plotly", reason="the packages of the extra app are not installed")

from vmm.app.clip import OpenClip, place_of
from vmm.app.jobs import FunctionJob
from vmm.app.measurement import measured, motion_map, small_frames, small_luma
from vmm.app.preview import _along, _length_note
from vmm.app.security import Guard, allowed_hosts
from vmm.app.server import plotly_bundle
from vmm.app.serving import Server
from vmm.data import synthetic
from vmm.measure.detection._strongest_region import strongest_region

BOX = [8, 16, 24, 24]


class Answer:
    """An answer of the server."""

    def __init__(self, response):
        self.status, self.content = response.status, response.read()
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.text = self.content.decode(errors="replace")

    def json(self):
        return json.loads(self.content)


class Client:
    """A program that talks to the server, with or without its cookie."""

    def __init__(self, server, cookie=""):
        self.server, self.cookie = server, cookie

    def request(self, method, path, content=None, **headers):
        connection = HTTPConnection("127.0.0.1", self.server.port, timeout=60)
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        with closing(connection):
            connection.request(method, path, content, {"cookie": self.cookie, **headers})
            return Answer(connection.getresponse())

    def get(self, path, **headers):
        return self.request("GET", path, **headers)

    def put(self, path, content):
        return self.request("PUT", path, content, content_type="application/octet-stream")


@pytest.fixture(scope="module")
def root(tmp_path_factory, clip):
    folder = tmp_path_factory.mktemp("app")
    vmm.io.write(folder / "clip.mkv", clip, 30)
    (folder / "inner").mkdir()
    (folder / "damaged.mp4").write_bytes(b"no video" * 100)
    return folder


@pytest.fixture(scope="module")
def server(root):
    server = Server(root=root)
    server.start()
    yield server
    server.close()
    assert not server.session.folder.exists()


@pytest.fixture(scope="module")
def session(server):
    return server.session


@pytest.fixture(scope="module")
def client(server):
    """A client that has followed the link, with a clip that is read."""
    answer = Client(server).get(f"/?token={server.token}")
    client = Client(server, answer.headers["set-cookie"].partition(";")[0])
    assert call(client, "open", path="clip.mkv")["clip"]["count"] == 60
    # The luma is read at the same time as the frames for the browser.
    wait(lambda: server.session.clip.luma is not None and "proxy_path" in server.session.media)
    return client


def wait(condition, seconds=60.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def call(client, name, /, **body):
    answer = client.request("POST", f"/api/{name}", json.dumps(body), content_type="application/json")
    return answer.json() if answer.status == 200 else (answer.status, answer.json()["error"])


def test_the_token_becomes_a_cookie_of_this_port(server):
    answer = Client(server).get(f"/?token={server.token}")
    assert answer.status == 303 and answer.headers["location"] == "./"
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"vmm-{server.port}=") and "HttpOnly" in cookie and "samesite=strict" in cookie.lower()


@pytest.mark.parametrize("path", ["/", "/?token=wrong", "/page/main.js", "/plotly.min.js", "/api/events", "/file/x"])
def test_without_the_token_nothing_is_answered(server, path):
    assert Client(server).get(path).status == 403


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "192.168.0.1:8092", "[::2]:80"])
def test_a_foreign_host_is_refused(client, host):
    assert client.get("/", host=host).status == 400


def test_other_hosts_only_if_the_app_listens_there():
    assert "192.168.0.7" in allowed_hosts("192.168.0.7") and "192.168.0.7" not in allowed_hosts("localhost")


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("POST", {"content_type": "text/plain"}),
        ("POST", {"content_type": "application/x-www-form-urlencoded"}),
        ("POST", {}),
        ("POST", {"content_type": "application/json", "sec_fetch_site": "cross-site"}),
        ("PUT", {"content_type": "application/json"}),
        ("DELETE", {"content_type": "application/json"}),
    ],
)
def test_changes_need_their_content_type_and_the_own_site(client, method, headers):
    assert client.request(method, "/api/state", b"{}", **headers).status == 400


def test_the_policy_allows_no_script_in_the_page(client):
    answer = client.get("/")
    policy = answer.headers["content-security-policy"]
    assert "script-src 'self';" in policy and "default-src 'none'" in policy and "frame-ancestors 'self'" in policy
    scripts = [line for line in answer.text.splitlines() if "<script" in line]
    assert len(scripts) == 3 and all("src=" in line for line in scripts) and " onclick" not in answer.text
    assert "http" not in answer.text.replace("http-equiv", "")


def test_plotly_comes_from_its_own_package(client):
    answer = client.get("/plotly.min.js")
    assert answer.headers["content-type"].startswith("text/javascript")
    assert len(answer.content) == plotly_bundle().stat().st_size > 10**6


@pytest.mark.parametrize("path", ["../secret.mkv", "/etc/passwd", "inner/../../x.mp4", "link.mkv"])
def test_paths_outside_the_root_are_refused(client, root, tmp_path_factory, path):
    outside = tmp_path_factory.mktemp("outside") / "other.mkv"
    outside.write_bytes((root / "clip.mkv").read_bytes())
    (root / "link.mkv").unlink(missing_ok=True)
    try:
        (root / "link.mkv").symlink_to(outside)
    except OSError:
        pytest.skip("this user may not make links")
    status, error = call(client, "open", path=path)
    assert status == 400 and "opens files below" in error
    assert call(client, "state")["clip"]["name"] == "clip.mkv"


def test_browse_lists_clips_and_folders_below_the_root(client, root):
    listed = call(client, "browse", folder="")
    assert listed["folders"] == ["inner"] and "clip.mkv" in [entry["name"] for entry in listed["clips"]]
    assert call(client, "browse", folder="..")[0] == 400


def test_errors_are_those_of_the_command_line_and_the_clip_stays(client, root):
    status, error = call(client, "open", path="damaged.mp4")
    assert status == 400 and "no video that ffmpeg can decode" in error
    assert call(client, "open", path="missing.mkv")[1].endswith("missing.mkv: no such file or folder")
    assert call(client, "state")["clip"]["name"] == "clip.mkv"


def test_files_have_random_keys(client):
    address = call(client, "state")["clip"]["poster"]
    assert len(Path(address).stem) >= 16 and client.get(f"/{address}").headers["content-type"] == "image/jpeg"
    for key in ("first.jpg", "..%2Ffirst.jpg", "%2Fetc%2Fpasswd"):
        assert client.get(f"/file/{key}").status == 404


def test_the_video_for_the_browser_has_every_frame(client, session):
    info = vmm.io.info(session.media["proxy_path"])
    assert info.shape[:3] == (60, 48, 64) and info.fps == 30 and info.codec == "h264"
    part = client.get(f"/{session.media['proxy']}", range="bytes=0-99")
    assert part.status == 206 and len(part.content) == 100


def test_measurement_equals_that_of_the_whole_frame(client, clip):
    answer = call(client, "measure", region={"box": BOX})
    expected = vmm.measure.displacement(clip, tuple(BOX), fs=30)
    np.testing.assert_allclose(answer["values"], expected.values[:, 0].T, atol=1e-6)
    np.testing.assert_allclose(answer["stderr"], expected.stderr[0], rtol=1e-4)
    assert answer["unit"] == "px" and answer["time_unit"] == "s" and len(answer["frequencies"]) == 31
    assert answer["peaks"][0]["frequency"] == pytest.approx(2.5, abs=0.01) and "Hz" in answer["peaks"][0]["text"]


def test_a_quick_estimate_is_near_the_accurate_one_and_takes_fewer_pixels(session, tmp_path):
    motion = synthetic.sway(60, 30, 2.5, 0.4)
    frames = synthetic.render(synthetic.texture((300, 400)), motion, noise=0.5, dtype=np.uint8)
    vmm.io.write(tmp_path / "large.mkv", frames, 30)
    clip, box, still = OpenClip(tmp_path / "large.mkv"), (40, 60, 200, 240), (10, 10, 40, 40)
    clip.read_luma(lambda n: None)
    around, corner, step = clip.around([box, still], 3)
    assert (corner, step) == ((0, 0), 3) and around.shape[1] * around.shape[2] <= 300 * 400 / 9
    places = [place_of({"box": one}, corner, step, around.shape[1:3]) for one in (box, still)]
    assert places == [(13, 20, 67, 80), (3, 3, 13, 13)]
    quick, accurate = (measured(clip, {"box": box}, [], {}, quick=quick) for quick in (True, False))
    assert quick["unit"] == "px"
    np.testing.assert_allclose(quick["values"], accurate["values"], atol=0.03)
    scaled = measured(clip, {"box": box}, [], {"pixel_size": 0.5, "unit": "mm", "quantity": "velocity"}, quick=True)
    assert scaled["unit"] == "mm/s"
    largest = [peak["amplitude"] for peak in (quick["peaks"][0], scaled["peaks"][0])]
    assert largest[1] == pytest.approx(largest[0] * 0.5 * 2 * np.pi * 2.5, rel=0.02)


POLYGON = [[8, 16], [8, 40], [32, 40], [20, 30], [32, 16]]


@pytest.mark.slow
def test_the_region_of_a_suggestion_is_where_it_is_clearest(client, session):
    assert "there is no suggestion" in call(client, "clearest", number=99)[1]
    job = session.job(call(client, "suggest")["job"])
    wait(lambda: job.has_ended, 600)
    number = next(i for i, one in enumerate(job.result) if one["kind"] == "motion")
    box = call(client, "clearest", number=number)["box"]
    expected = strongest_region(session.clip.held_luma, session.clip.suggestions[number : number + 1])
    assert box == list(expected or job.result[number]["box"])


def test_a_polygon_is_measured_and_magnified_through_its_mask(client, session, clip):
    region = {"id": "p", "name": "corner", "color": "red", "polygon": POLYGON, "still": False}
    call(client, "regions", regions=[region])
    stored = call(client, "state")["regions"][0]
    assert stored["polygon"] == POLYGON and stored["box"] == BOX
    mask = vmm.measure.polygon(POLYGON, clip.shape[1:3])
    expected = vmm.measure.displacement(clip, mask, fs=30)
    answer = call(client, "measure", region=region)
    np.testing.assert_allclose(answer["values"], expected.values[:, 0].T, atol=1e-6)
    numbers = " ".join(str(n) for corner in POLYGON for n in corner)
    lines = call(client, "lines", settings={"method": "linear", "band": [2, 3], "roi": "p"}, unit={})
    assert f"--polygon {numbers} --name=corner" in lines["measure"]
    assert lines["magnify"].endswith(f"--polygon {numbers}")
    assert f"mask=vmm.measure.polygon({POLYGON}, clip.shape[1:3])" in lines["python"]
    still = call(client, "regions", regions=[{**region, "still": True}, {"id": "a", "box": [2, 2, 20, 12]}])
    assert "version" in still and f"--still {numbers}" in call(client, "lines", settings={}, unit={})["measure"]
    answer = call(client, "preview", settings={"method": "linear", "band": [2, 3], "alpha": 9.0, "roi": "p"}, start=0)
    before, after = session._previews._last
    np.testing.assert_array_equal(before[:, ~mask], after[:, ~mask])
    assert (before[:, mask] != after[:, mask]).any()


@pytest.mark.parametrize(
    "polygon", ["all", [[1, 2], [3, 4]], [[1, 2, 3]] * 4, [[0.5, 1], [9, 1], [9, 9]], [[5, 5], [9, 5], [7, 5]],
                [[-1, 1], [9, 1], [9, 9]], [[1, 1], [9, 1], [9, 900]], [[1, 2]] * 101],
)  # fmt: skip
def test_wrong_polygons_are_refused(client, polygon):
    status, error = call(client, "regions", regions=[{"id": "p", "polygon": polygon}])
    assert status == 400 and ("polygon must be" in error or "box=" in error)


def test_the_luma_of_reduced_frames_is_computed_once(tmp_path):
    colors = np.random.default_rng(0).integers(0, 255, (8, 48, 64, 3), np.uint8)
    vmm.io.write(tmp_path / "color.mkv", colors, 30)
    clip = OpenClip(tmp_path / "color.mkv")
    with pytest.raises(ValueError, match="still being read"):
        small_luma(clip)
    list(clip.read_small(lambda n: None))
    luma = small_luma(clip)
    assert small_luma(clip) is luma
    np.testing.assert_allclose(luma, small_frames(clip) @ [0.299, 0.587, 0.114], atol=0.51)
    clip.choose_part(0, 4)
    list(clip.read_small(lambda n: None))
    assert len(small_luma(clip)) == 4


def test_warnings_about_peaks_are_shown(client, monkeypatch):
    peaks = vmm.measure.peaks

    def warned(*args, **options):
        warnings.warn("a vibration is left out", stacklevel=2)
        return peaks(*args, **options)

    call(client, "regions", regions=[])
    monkeypatch.setattr(vmm.measure, "peaks", warned)
    assert call(client, "measure", region={"box": BOX})["messages"] == ["a vibration is left out"]


def test_known_length_and_velocity(client):
    answer = call(
        client, "measure", region={"box": BOX}, unit={"length": "5mm", "length_px": 10, "quantity": "velocity"}
    )
    assert answer["unit"] == "mm/s"
    status, error = call(client, "measure", region={"box": BOX}, unit={"length": "5 cubits", "length_px": 10})
    assert status == 400 and "units are" in error


@pytest.mark.parametrize("box", [[0, 0, 100, 10], [-1, 0, 10, 10], [0, 0, 10], "all", [0.5, 0, 10, 10]])
def test_regions_outside_the_frame_are_refused_and_the_others_stay(client, box):
    call(client, "regions", regions=[{"id": "a", "name": "A", "color": "red", "box": BOX}])
    assert call(client, "regions", regions=[{"id": "b", "box": box}])[0] == 400
    assert [region["name"] for region in call(client, "state")["regions"]] == ["A"]


@pytest.mark.parametrize(
    "body",
    [
        b"{", b"[]", b"\xff", b"[" * 100_000, b'{"settings": {"alpha": NaN}}', b'{"settings": {"alpha": 1e999}}',
        b'{"settings": {"alpha": 1%s}}' % (b"0" * 400), rb'{"settings": {"roi": "\ud800"}}',
        rb'{"settings": {"roi": "\u0000"}}',
    ],
)  # fmt: skip
def test_a_body_that_is_no_object_of_finite_numbers_and_text_is_refused(client, body):
    answer = client.request("POST", "/api/settings", body, content_type="application/json")
    assert (answer.status, answer.json()["error"][:41]) == (400, "a request must be a JSON object of finite")
    assert call(client, "state")["clip"]["count"] == 60


def test_a_text_that_only_looks_like_a_null_character_is_valid(client):
    assert call(client, "settings", settings={"roi": "\\u0000"}) == {}
    call(client, "settings", settings={})


def test_settings_that_are_wrong_give_a_sentence(client):
    for settings in (
        {"method": "magic"},
        {"method": "phase"},
        {"method": "phase", "band": [2, "x"]},
        {"method": "phase", "band": [2, 3], "alpha": "1; ls"},
    ):
        status, error = call(client, "render", settings=settings, format="mp4")
        assert status == 400 and "must be" in error
    assert call(client, "render", settings={"method": "linear", "band": [2, 3]}, format="exe")[0] == 400
    assert call(client, "preview", settings=[], start=0)[0] == 400
    assert call(client, "cancel", job=10**6) == (400, "there is no job 1000000")


def test_lines_repeat_the_screen(client):
    call(client, "regions", regions=[{"id": "a", "name": "my region", "color": "red", "box": BOX}])
    settings = {"method": "linear", "band": [2, 3], "alpha": 12, "roi": "a"}
    lines = call(client, "lines", settings=settings, unit={"length": "5mm", "length_px": 10})
    assert lines["magnify"].startswith("vmm linear ") and lines["magnify"].endswith(
        " --band 2 3 --alpha 12 --roi 8 16 24 24"
    )
    assert "--roi 8 16 24 24 '--name=my region' --pixel-size 0.5 --unit mm" in lines["measure"]
    assert "vmm.linear.magnify(clip, fs=clip.fs, band=(2, 3), alpha=12, mask=(8, 16, 24, 24))" in lines["python"]
    compile(lines["python"], "lines", "exec")


@pytest.mark.slow
def test_preview_and_slice(client, session):
    answer = call(client, "preview", settings={"method": "linear", "band": [2, 3], "alpha": 10}, start=5)
    assert answer["first"] == 0 and answer["count"] == 60 and answer["size"] == [48, 64]
    path, _ = session.files.find(answer["video"].partition("/")[2])
    assert vmm.io.info(path).shape[:3] == (60, 48, 128)
    assert answer["note"] == ""
    answer = call(client, "slice", line=[5, 10.5, 40, 50])
    assert client.get("/" + answer["picture"]).headers["content-type"] == "image/png"
    for line in ([1, 2, 3], "line", [0, 0, "x", 1]):
        assert call(client, "slice", line=line)[0] == 400


def test_pixels_along_any_line_and_the_length_of_previews():
    rows, columns = np.mgrid[:40, :60]
    frames = np.stack([rows + 2 * columns + t for t in range(3)]).astype(np.uint8)
    for ends in ((0, 0, 39, 59), (30, 50, 10, 5), (7, 3, 7, 33), (-5, 10, 60, 10)):
        pixels = _along(frames, ends)
        top, left, bottom, right = np.clip(ends, 0, (39, 59, 39, 59))
        assert pixels.dtype == np.uint8 and pixels.shape[2] == 1
        assert pixels[2, 0, 0] == top + 2 * left + 2 and pixels[0, -1, 0] == bottom + 2 * right
    assert _length_note(300, 1.0) == "" and "at most 300 frames" in _length_note(301, 0.1)


def test_the_motion_map_can_be_stopped(client, session):
    class Stopped(FunctionJob):
        def advance(self, frames):
            self.cancel()
            super().advance(frames)

    stopped = Stopped("map", "map", lambda job: motion_map(session.clip, job))
    stopped.run()
    assert stopped.state == "canceled" and stopped.total == 60 and stopped.done < 60
    job = FunctionJob("map", "map", lambda job: motion_map(session.clip, job))
    job.run()
    assert job.state == "done", job.message


def test_regions_are_measured_before_the_video_for_the_browser_is_made(session):
    assert session.memory is not session.reading
    assert [job.kind for job in session.memory.jobs][-1] == "luma"


def test_a_part_is_read_again(client, session):
    described = call(client, "part", first=10, stop=50)
    assert (described["clip"]["first"], described["clip"]["stop"]) == (10, 50)
    wait(lambda: session.clip.luma is not None and session.clip.small is not None)
    assert len(call(client, "measure", region={"box": BOX})["times"]) == 40
    assert "--start 0.333333" in call(client, "lines", settings={"method": "linear", "band": [2, 3]})["magnify"]
    assert call(client, "part", first=5, stop=5)[0] == 400
    status, error = call(client, "preview", settings={"method": "linear", "band": [2, 3]}, start=59)
    assert status == 400 and "up to frame 49" in error


@pytest.mark.slow
def test_the_report_holds_the_regions_the_chosen_shapes_and_the_clip_as_it_is_magnified(client, session):
    regions = [{"id": "a", "name": "left <part>", "box": BOX}, {"id": "p", "name": "corner", "polygon": POLYGON}]
    call(client, "regions", regions=regions)
    settings = {"method": "linear", "band": [2, 3], "alpha": 7.0, "frequencies": [2.5, 2.75]}
    job = session.job(call(client, "export", format="html", unit={}, settings=settings)["job"])
    wait(lambda: job.has_ended, 600)
    assert job.state == "done", job.message
    text = client.get("/" + job.result["file"]).text
    for word in ("left &lt;part&gt;", "corner", "2.5 Hz", "2.75 Hz", "data:video/mp4", "linear, 2 to 3 Hz, alpha 7"):
        assert word in text, word
    for wrong in ([1] * 9, ["x"], "all"):
        status, error = call(client, "export", format="html", unit={}, settings={"frequencies": wrong})
        assert status == 400 and "frequencies=" in error


def test_upload(client, session, root):
    answer = client.put("/api/upload?name=../../a%20b.mkv", (root / "clip.mkv").read_bytes())
    assert answer.status == 200 and answer.json()["clip"]["name"] == "a_b.mkv"
    assert session.clip.path.is_relative_to(session.folder)
    assert os.name == "nt" or session.folder.stat().st_mode & 0o077 == 0
    again = call(client, "open", path=answer.json()["clip"]["path"], fs=240)["clip"]
    assert (again["name"], again["fs"], again["stated_fs"]) == ("a_b.mkv", 240, 240)
    assert client.put("/api/upload?name=x.sh", b"#!").status == 400
    damaged = client.put("/api/upload?name=x.mp4", b"no video")
    assert damaged.status == 400 and session.clip.path.name == "a_b.mkv"


def test_uploads_are_limited(client, monkeypatch):
    monkeypatch.setattr("vmm.app.server.MAX_UPLOAD", 10)
    answer = client.put("/api/upload?name=x.mp4", b"x" * 11)
    assert answer.status == 400 and "at most" in answer.json()["error"]


def test_progress_is_json(session):
    json.dumps(session.progress(), allow_nan=False)
    assert {job["kind"] for job in session.progress()["jobs"]} >= {"proxy", "luma"}


def test_the_guard_refuses_websockets():
    sent = []

    async def send(message):
        sent.append(message)

    guard = Guard(None, token="token", port=1, hosts=(), in_frame=True)
    asyncio.run(guard({"type": "websocket"}, None, send))
    assert not sent


def test_the_app_in_a_notebook(clip, monkeypatch):
    monkeypatch.setattr("vmm.app.session.Session.warm_up", lambda session: None)
    app = vmm.app.show(clip, fs=30)
    folder = app._server.session.folder
    try:
        assert app.url.startswith("http://localhost:") and f'src="{app.url}"' in app._repr_html_()
        assert app._server.session.clip.fs == 30 and (folder / "clip.mkv").exists()
    finally:
        app.close()
    assert not folder.exists()
    with pytest.raises(ValueError, match="fs is missing"):
        vmm.app.show(clip)


@pytest.mark.slow
def test_the_same_settings_for_several_files(client, session, root):
    settings = {"method": "linear", "band": [2, 3], "alpha": 10}
    for files, folder, word in (
        ([], "out", "choose at least one file"),
        (["../x.mkv"], "out", "opens files below"),
        (["clip.mkv"], "../out", "opens files below"),
        (["clip.mkv"], "", "folder must be the name"),
        ("clip.mkv", "out", "files must be a list"),
    ):
        status, error = call(client, "batch", settings=settings, files=files, folder=folder)
        assert status == 400 and word in error
    job = session.job(call(client, "batch", settings=settings, files=["clip.mkv", "damaged.mp4"], folder="out")["job"])
    wait(lambda: job.has_ended)
    assert job.state == "done" and (job.done, job.total) == (2, 2)
    good, bad = job.result["rows"]
    assert good["result"] == "done" and client.get(f"/{good['address']}").content[4:8] == b"ftyp"
    assert bad["result"] == "failed" and "no video" in bad["message"] and "address" not in bad
    assert (root / "out/vmm_batch.html").exists()
