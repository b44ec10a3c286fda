"""Pages of ollama.com are read in every design they have had, and not at all where that would be guessing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trending.pages import BIRDS, DESIGNS, Bird, g1, g2, later, listing, page, tag_row, tags_page
from venom_modeld.trending import page_text
from venom_modeld.trending.errors import ParseFailed
from venom_modeld.trending.ollama_pages import Card, ListPage, read_list
from venom_modeld.trending.ollama_tags import Tag, read_model
from venom_modeld.trending.page_tree import Labels

URL = "https://ollama.com/search"
OLD = ("G1", "G2")


def read(html: str, *, may_be_empty: bool = False) -> ListPage:
    """Read a list."""
    return read_list(html, url=URL, may_be_empty=may_be_empty)


@pytest.mark.parametrize("design", DESIGNS)
def test_every_design_is_read(design: str) -> None:
    """Name, place, description, capabilities, cloud and sizes are the same whatever the page looks like."""
    found = read(listing(design))
    assert [(card.name, card.path, card.description) for card in found.cards] == [
        (bird.name, bird.path, bird.about) for bird in BIRDS
    ]
    assert [(card.labels.capabilities, card.labels.cloud, card.labels.sizes) for card in found.cards] == [
        (bird.skills, bird.cloud, bird.sizes) for bird in BIRDS
    ]


@pytest.mark.parametrize("design", DESIGNS)
def test_counts_are_as_exact_as_the_page_is(design: str) -> None:
    """Old designs round the pulls and tell tags and updates; the new ones tell the exact number alone."""
    heron, wren, albatross, owl = (card.labels for card in read(listing(design)).cards)
    assert heron.pulls_text == "7.1M"
    assert heron.pulls == (7_100_000 if design in OLD else 7_100_200)
    assert (wren.pulls, albatross.pulls, owl.pulls) == (5802, None, 12)
    assert albatross.pulls_text is None
    if design in OLD:
        assert (heron.tag_count, wren.tag_count, albatross.tag_count) == (1204, 1, None)
        assert (heron.updated_text, heron.updated_at) == ("3 weeks ago", 1_786_726_440.0)
        assert wren.updated_at == 1_706_745_960.0
    else:
        assert (heron.tag_count, heron.updated_text, heron.updated_at) == (None, None, None)


@pytest.mark.parametrize(
    ("more", "number"),
    [
        ("", None),
        (later(2), 2),
        (later(3, query="q=owl&amp;"), 3),
        ('<li hx-get="/search"></li>', None),
        ('<li hx-get="/search?page=two"></li>', None),
    ],
)
def test_the_next_page_is_the_one_that_the_page_would_load(more: str, number: int | None) -> None:
    """Its number stands in the element that loads it; filters of the page have such an address without a number."""
    assert read(listing(more=more)).next_page == number


def test_a_card_without_a_description_has_none() -> None:
    """The line of numbers is the first paragraph then, and no description."""
    [card] = read(page([g2(Bird(name="egret", pulls="3K", tags="2", ago="yesterday"))])).cards
    assert card.description is None
    assert card.labels == Labels(pulls_text="3K", pulls=3000, tag_count=2, updated_text="yesterday")


def test_a_description_is_one_line() -> None:
    """Entities are decoded, and white space is one space; words of it are no labels."""
    [card] = read(page([g2(Bird(name="egret", about="Tom & Jerry's\n   8b  vision"))])).cards
    assert card.description == "Tom & Jerry's 8b vision"
    assert card.labels == Labels()


def test_numbers_and_words_may_share_a_text() -> None:
    """`5,802 Pulls` in one piece is read as in two."""
    html = page(['<li><a href="/library/egret"><p>Waits.</p><span>5,802 Pulls</span> <b>3 Tags</b></a></li>'])
    assert read(html).cards[0].labels == Labels(pulls_text="5,802", pulls=5802, tag_count=3)


def test_a_card_that_was_cut_off_is_left_out() -> None:
    """An item without a link to a model is none."""
    assert [card.name for card in read(page([g2(BIRDS[0]), "<li><a </li>", "<li>x"])).cards] == ["heron2.5"]


def test_a_model_that_is_listed_twice_is_one() -> None:
    """The site shows some models in two places of one page."""
    assert len(read(page([g1(BIRDS[0]), g2(BIRDS[0]), g2(BIRDS[1])])).cards) == 2


@pytest.mark.parametrize(
    ("html", "words"),
    [
        ("", "not Ollama's, such as the login page of a hotspot"),
        ("<html><body>Welcome to Hotel Wi-Fi. <a href='/login'>Log in</a></body></html>", "not Ollama's"),
        (page([]), "no model is on it"),
        (page(["<li><a href='/library/qwen3/tags'>tags</a></li>"]), "no model is on it"),
        (page([f"<li><a href='/library/{bird.name}'>{bird.name}</a></li>" for bird in BIRDS]), "nothing else"),
        (page([g2(BIRDS[0]), "<li><a href='/library/a'>a</a></li>", "<li><a href='/library/b'>b</a></li>"]), "nothing"),
    ],
    ids=["empty", "hotspot", "no cards", "tags only", "names only", "mostly names"],
)
def test_a_page_that_shows_too_little_is_not_read(html: str, words: str) -> None:
    """No cards, or names without any other field, is a failure with what to do, never an empty catalogue."""
    with pytest.raises(ParseFailed, match=words) as caught:
        read(html)
    assert URL in caught.value.message


def test_a_search_may_find_nothing_if_the_page_says_so() -> None:
    """Without the words a page of no cards is unreadable for a search too."""
    assert read(page(["<li>No models found.</li>"]), may_be_empty=True) == ListPage(cards=(), next_page=None)
    with pytest.raises(ParseFailed):
        read(page([]), may_be_empty=True)
    with pytest.raises(ParseFailed):
        read(page(["<li>No models found.</li>"]))


def test_depth_and_size_break_nothing() -> None:
    """A page with ten thousand nested elements, or with as many links, is read like any other."""
    deep = page([g2(BIRDS[0]).replace("<h2>", "<b>" * 10_000 + "<h2>")])
    assert read(deep).cards[0].name == "heron2.5"
    many = "".join(f'<li><a href="/x/{number}">8b</a></li>' for number in range(10_000))
    assert 1900 < len(read(page([many])).cards) <= 2000


@given(st.text(alphabet="<>/=\"' lihrefaLIBRARY\n\x00·ż8bM", max_size=200), st.sampled_from([*DESIGNS]))
def test_any_text_is_a_list_or_a_failure(junk: str, design: str) -> None:
    """Whatever bytes a page is made of, no other exception comes out."""
    html = listing(design)
    middle = len(html) // 2
    for text in (junk, html[:middle] + junk + html[middle:]):
        try:
            assert all(isinstance(card, Card) for card in read(text).cards)
        except ParseFailed:
            continue


def test_the_tags_of_a_model_are_read_once_each() -> None:
    """Each row is there for phones and for desks; the head tells of the model."""
    rows = [
        tag_row("heron2.5:latest", size="18GB"),
        tag_row("heron2.5:8b", size="18GB", latest=True),
        tag_row("heron2.5:e4b", size="4.6GB - 7.5GB", digest="ffffffffffff"),
        tag_row("heron2.5:cloud", size="High Usage", context="1M"),
    ]
    found = read_model(tags_page(rows), url=URL)
    whole = Tag(
        name="heron2.5:latest",
        path="/library/heron2.5:latest",
        size_text="18GB",
        context_text="128K",
        input_text="Text, Image",
        digest_prefix="0123456789ab",
        updated_text="1 month ago",
    )
    assert found.tags[0] == whole
    assert [tag.is_latest_badge for tag in found.tags] == [False, True, False, False]
    assert (found.tags[2].size_text, found.tags[2].digest_prefix) == ("4.6GB - 7.5GB", "ffffffffffff")
    assert (found.tags[3].size_text, found.tags[3].usage_text, found.tags[3].is_cloud) == (None, "High Usage", True)
    assert (found.name, found.description) == ("heron2.5", "A patient reader.")
    assert found.labels == Labels(
        capabilities=("tools",),
        sizes=("8b",),
        pulls_text="221K",
        pulls=221_000,
        updated_text="1 month ago",
        updated_at=1_750_106_760.0,
    )


def test_a_row_whose_link_says_only_the_name_is_read_from_around_it() -> None:
    """The page without its part for phones, and without a head."""
    row = '<div><a href="/someone/owl:{0}">someone/owl:{0}</a><p>{1}</p><p>8K</p><p>0123456789ab · 2 days ago</p></div>'
    found = read_model("".join([row.format("1b", "2GB"), row.format("2b-cloud", "-")]), url=URL)
    assert [(tag.name, tag.size_text, tag.context_text, tag.updated_text) for tag in found.tags] == [
        ("someone/owl:1b", "2GB", "8K", "2 days ago"),
        ("someone/owl:2b-cloud", None, "8K", "2 days ago"),
    ]
    assert [tag.is_cloud for tag in found.tags] == [False, True]
    assert (found.name, found.description, found.labels) == (None, None, Labels())


def test_a_page_without_tags_is_not_read() -> None:
    """Every model has a tag."""
    with pytest.raises(ParseFailed, match="no tag is on it"):
        read_model(tags_page([]).replace("<nav>", "<nav>ollama"), url=URL)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("58.1K", 58_100),
        ("7M", 7_000_000),
        ("1.2B", 1_200_000_000),
        ("5,802", 5802),
        ("0", 0),
        ("7m", None),
        ("", None),
        (None, None),
        ("many", None),
        ("1M context", None),
    ],
)
def test_a_count_is_a_number_with_an_upper_case_unit(text: str | None, number: int | None) -> None:
    """Lower case is for sizes."""
    assert page_text.count(text) == number


@pytest.mark.parametrize("text", ["8b", "270m", "1.5b", "e4b", "8x22b", "1t", "8x1.5b"])
def test_a_size_in_parameters_is_lower_case(text: str) -> None:
    """Dense models, effective sizes, and experts."""
    assert page_text.is_size(text)


@pytest.mark.parametrize("text", ["8B", "7M", "b", "8", "8b instruct", "q4", "1M context", ""])
def test_anything_else_is_no_size_in_parameters(text: str) -> None:
    """Counts, quantisations and words are not."""
    assert not page_text.is_size(text)


@pytest.mark.parametrize(
    ("title", "seconds"),
    [
        ("Feb 21, 2024 5:26 PM UTC", 1_708_536_360.0),
        ("Jan 1, 1970 12:00 AM UTC", 0.0),
        ("Jan 1, 1970 12:30 PM UTC", 45_000.0),
        ("Feb 30, 2024 5:26 PM UTC", None),
        ("Abc 1, 2024 5:26 PM UTC", None),
        ("Feb 21, 2024", None),
    ],
)
def test_a_moment_is_told_in_utc(title: str, seconds: float | None) -> None:
    """A day that does not exist is no moment."""
    assert page_text.moment(title) == seconds


@pytest.mark.parametrize(
    ("text", "size"),
    [("18GB", 18_000_000_000), ("815 MB", 815_000_000), ("4.6GB - 7.5GB", 7_500_000_000), ("-", None), (None, None)],
)
def test_a_size_in_bytes_is_decimal(text: str | None, size: int | None) -> None:
    """Of a range the larger end counts: it is what a disk must hold."""
    assert page_text.size_in_bytes(text) == size
