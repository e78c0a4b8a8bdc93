"""The pages in a real browser, against a whole stack: join, log in, drop files, read the leaderboard."""

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from playwright.sync_api import Browser, Page, StorageState, expect, sync_playwright

from members.client import Client
from tests.browser import ARGUMENTS
from tests.stack import PATIENCE_SECONDS

pytestmark = pytest.mark.browser
# What a slow machine may take; nothing is judged by time.
expect.set_options(timeout=PATIENCE_SECONDS * 1000)

PASSWORD = "a-wheelbarrow-of-pears"
KINDS = ("apple", "pear", "quince")
SPEC = """
slug = "fruit"
name = "Apples and pears"
task = "multiclass"
metric = "multiclass_log_loss"
id_column = "id"
labels = "train.csv"
label_column = "kind"
sample_submission = "forest_test.csv"
[folds]
count = 3
seed = 0
"""


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> Path:
    """Write a competition's files and three predictions: a flat one, one that breaks the contract in two rows, and a good one."""
    folder = tmp_path_factory.mktemp("fruit")
    ids, labels = [f"f{row:02}" for row in range(60)], [KINDS[row % 3] for row in range(60)]
    pl.DataFrame({"id": ids, "kind": labels}).write_csv(folder / "train.csv")
    pl.DataFrame({"id": ["t1", "t2"], **dict.fromkeys(KINDS, [1 / 3] * 2)}).write_csv(folder / "forest_test.csv")
    flat = pl.DataFrame({"id": ids, **dict.fromkeys(KINDS, [1 / 3] * 60)})
    flat.write_csv(folder / "flat_oof.csv")
    good = pl.DataFrame({"id": ids, **{kind: [0.5 if label == kind else 0.25 for label in labels] for kind in KINDS}})
    good.write_csv(folder / "forest_oof.csv")
    bad = pl.when(pl.col("id").is_in(["f03", "f07"])).then(1.5).otherwise(pl.col("pear"))
    good.with_columns(bad.alias("pear")).write_csv(folder / "bad_oof.csv")
    (folder / "spec.toml").write_text(SPEC)
    for slug in ("compared", "empty"):
        (folder / f"{slug}.toml").write_text(SPEC.replace("fruit", slug).replace("Apples and pears", slug.title()))
    return folder


@pytest.fixture(scope="module")
def invitation(live_stack, files, tmp_path_factory) -> str:
    """Open a competition that holds one prediction, and return the path of a link that lets one member more in."""
    token = live_stack.create_member("alma", team="orchard", role="admin")
    with Client(live_stack.url, token, home=tmp_path_factory.mktemp("alma")) as alma:
        assert alma.create_competition(files / "spec.toml")["state"] == "open"
        alma.upload("fruit", name="flat", oof=files / "flat_oof.csv")
        # A worker compares them once nothing else has come for a while, which here it has: they are looked at last.
        for slug in ("compared", "empty"):
            assert alma.create_competition(files / f"{slug}.toml")["state"] == "open"
        for name, file in (("flat", "flat"), ("forest", "forest"), ("twin", "forest")):
            alma.upload("compared", name=name, oof=files / f"{file}_oof.csv")
        live_stack.manage("shell", "--no-imports", "-c", LONG_AGO)
        return alma.wire.post("invitations", {"role": "member"})["link"]


@pytest.fixture(scope="module")
def browser(chromium) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield browser
        browser.close()


LONG_AGO = """
from datetime import timedelta
from django.utils import timezone
from stackyard.predictions.models import Prediction
Prediction.objects.update(scored_at=timezone.now() - timedelta(minutes=1))
"""


def open_tab(browser: Browser, url: str, cookies: StorageState | None = None) -> Iterator[Page]:
    """Yield an empty tab; what its page throws fails the test."""
    thrown: list[str] = []
    with browser.new_context(base_url=url, storage_state=cookies) as context:
        page = context.new_page()
        page.on("pageerror", lambda error: thrown.append(str(error)))
        yield page
    assert thrown == []


@pytest.fixture(scope="module")
def cookies(browser, live_stack, invitation) -> StorageState:
    """Join by the link, leave, and log in: what the browser holds afterwards."""
    for page in open_tab(browser, live_stack.url):
        page.goto(invitation)
        expect(page.get_by_role("heading", name="Join orchard")).to_be_visible()
        page.get_by_label("User name").fill("pomona")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Join the team").click()
        page.get_by_role("button", name="Log out").click()
        page.get_by_label("User name").fill("pomona")
        page.get_by_label("Password").fill("a-guess")
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_role("alert")).to_contain_text("NotLoggedIn")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_role("link", name="Apples and pears")).to_be_visible()
        kept = page.context.storage_state()
    return kept


@pytest.fixture
def page(browser, live_stack, cookies) -> Iterator[Page]:
    yield from open_tab(browser, live_stack.url, cookies)


def drop(page: Page, *paths: Path) -> None:
    """Let go of files over the page, as a hand with a mouse does."""
    carried = page.evaluate_handle(
        """files => {
            const carried = new DataTransfer();
            for (const [name, text] of files) carried.items.add(new File([text], name));
            return carried;
        }""",
        [[path.name, path.read_text()] for path in paths],
    )
    page.dispatch_event("main", "dragover", {"dataTransfer": carried})
    page.dispatch_event("main", "drop", {"dataTransfer": carried})


def names_on_board(page: Page) -> list[str]:
    return page.locator("tbody [data-opens]").all_inner_texts()


def test_a_dropped_file_is_refused_by_row_and_a_mended_one_leads_the_board(page, files):
    page.goto("/")
    page.get_by_role("link", name="Apples and pears").click()
    expect(page.locator("tbody [data-opens]")).to_have_text(["flat"])

    drop(page, files / "bad_oof.csv")
    page.get_by_label("Name", exact=True).fill("forest")
    page.get_by_role("button", name="Upload", exact=True).click()
    refusal = page.get_by_role("alert")
    expect(refusal).to_contain_text("OutOfRange")
    assert refusal.get_by_role("cell", name="f0").all_inner_texts() == ["f03", "f07"]

    drop(page, files / "forest_test.csv", files / "forest_oof.csv")
    expect(page.get_by_label("Name", exact=True)).to_have_value("forest")
    page.get_by_role("button", name="Upload", exact=True).click()
    outcome = page.get_by_role("status", name="Uploaded forest")
    expect(outcome).to_contain_text("0.69315")
    expect(outcome).to_contain_text("rank 1")

    page.get_by_role("link", name="Leaderboard").click()
    expect(page.locator("tbody [data-opens]")).to_have_text(["forest", "flat"])


def test_the_leaderboard_sorts_filters_and_opens_a_row(page, files):
    page.goto("/competitions/fruit")
    expect(page.locator("tbody")).to_contain_text("flat")
    drop(page, files / "forest_oof.csv")
    page.get_by_label("Variant", exact=True).fill("tta")
    page.get_by_role("button", name="Upload", exact=True).click()
    expect(page.get_by_role("status", name="Uploaded forest")).to_be_visible()
    page.get_by_role("link", name="Leaderboard").click()

    page.get_by_role("button", name="Model").click()
    expect(page.get_by_role("columnheader", name="Model")).to_have_attribute("aria-sort", "ascending")
    assert names_on_board(page)[0] == "flat"
    page.get_by_label("Owner").select_option("alma")
    expect(page.locator("tbody [data-opens]")).to_have_text(["flat"])
    page.get_by_role("button", name="Show all").click()
    page.get_by_label("Search predictions").fill("pomona tta")
    expect(page.locator("tbody [data-opens]")).to_have_text(["forest"])

    page.locator("tbody tr").click()
    detail = page.get_by_role("complementary", name="Prediction")
    expect(detail).to_contain_text("forest_oof.csv")
    page.keyboard.press("Escape")
    expect(detail).to_have_count(0)


def test_insight_warns_of_a_copy_and_says_why_it_was_left_out(page):
    page.goto("/competitions/compared")
    page.get_by_role("link", name="Insight").first.click()
    gains = page.get_by_role("region", name="What each model gives")
    expect(gains).to_be_visible()
    expect(page.get_by_role("region", name="Warnings")).to_contain_text("forest and twin predict exactly the same: count them once.")
    expect(page.get_by_role("link", name="Insight, warnings: ")).to_be_visible()

    expect(gains.get_by_role("row").nth(1)).to_contain_text("in the blend")
    gains.get_by_label("left out").check()
    twin = gains.get_by_role("row").filter(has=page.get_by_role("link", name="twin"))
    expect(twin).to_contain_text("twin predicts the same as forest, which is in the blend.")
    gains.get_by_role("button", name="Model").click()
    assert gains.locator("tbody a").all_inner_texts() == ["flat", "twin"]

    page.get_by_label("Spearman").check()
    expect(page.get_by_role("img", name="How alike models are: Spearman")).to_contain_text("correlation of ranks")
    expect(page.get_by_role("region", name="Greedy path")).to_contain_text("forest picked")


def test_insight_of_no_model_says_when_there_will_be_one(page):
    page.goto("/competitions/empty/insight")

    expect(page.get_by_role("heading", name="No model is scored yet")).to_be_visible()
    expect(page.get_by_role("region", name="Warnings")).to_have_count(0)
    page.get_by_role("link", name="Upload one").click()
    expect(page.get_by_role("link", name="Upload", exact=True)).to_have_attribute("aria-current", "page")
