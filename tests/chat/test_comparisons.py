"""One question to several models: who is asked, what is shown, how it is judged, and who wins."""

from __future__ import annotations

import io
import json
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings
from selectolax.lexbor import LexborHTMLParser

from chat import services
from chat.branches import Compared, Tree
from chat.comparisons.arena import arena
from chat.comparisons.models import Comparison
from chat.comparisons.services import Asked, comparison_start, verdict_set
from chat.comparisons.showing import cost_of, views_of
from chat.conversations import exporting, importing
from chat.dashboard.selectors import turns_asked
from chat.domain import Usage
from chat.errors import ComparisonRefused, TurnConflict
from chat.images.intake import Prepared, keep
from chat.images.models import QuestionImage
from chat.models import Conversation, Provider, Turn
from chat.windows import turn_url, window_of
from tenants.access import Access
from tenants.errors import LimitReached, NotFound
from tests.chat.pictures import jpeg
from tests.chat.talks import talk, turn_in
from tests.factories import CollectionFactory

pytestmark = pytest.mark.django_db

Verdict = Comparison.Verdict
A, B, C, D, E = (UUID(int=number) for number in range(1, 6))


def provider(access: Access, model: str, **fields: Any) -> Provider:
    values = {"kind": "openai", "base_url": "http://127.0.0.1:1/v1", **fields}
    return Provider.objects.create(tenant=access.tenant, model=model, **values)


def compared(access: Access, *models: str, status: str = "completed", **fields: Any) -> list[Turn]:
    """Asked of all the models. The first has answered; `status` is what became of the others."""
    asked = [Asked(uuid4(), provider(access, model).pk) for model in models]
    turns = [turn for turn, _new in comparison_start(access=access, asked=asked, text="How long?", **fields)]
    for turn, model, become in zip(turns, models, ["completed", *[status] * len(models)], strict=False):
        if become != "running":
            answered(turn, model, become)
    return turns


def answered(turn: Turn, model: str, status: str = "completed") -> None:
    outcome = services.Outcome(
        status=Turn.Status(status),
        answer=f"{model} says two years.",
        model=model if status == "completed" else "",
        usage=Usage(1_000, 500),
        elapsed_ms=len(model) * 100,
        first_word_ms=len(model) * 10,
    )
    services.turn_finish(turn=turn, outcome=outcome)
    turn.refresh_from_db()


def shown(access: Access, turn: Turn, at: UUID | None = None) -> list[Any]:
    conversation = Conversation.objects.for_tenant(access.tenant).get(pk=turn.conversation_id)
    return views_of(access=access, window=window_of(access=access, conversation=conversation, at=at))


def asked_below(access: Access, turn: Turn) -> Turn:
    """What a plain form would follow."""
    new, _new = services.turn_start(
        access=access, turn_id=uuid4(), text="And then?", conversation_id=turn.conversation_id
    )
    answered(new, "Any")
    return new


def verdict_address(turn: Turn) -> str:
    return reverse("chat:turn_comparison", args=["acme", turn.pk])


def page_of(response: Any) -> Any:
    return LexborHTMLParser(response.content)


# --- asking ---


def test_each_answer_gets_the_pictures_and_what_is_searched(as_alice: Access) -> None:
    picture = keep(access=as_alice, picture=Prepared("a.jpg", jpeg(), 64, 48))
    collection = CollectionFactory(tenant=as_alice.tenant)
    models = ("llava", "phi-3.5-vision")
    turns = compared(as_alice, *models, image_ids=[picture.pk], collection_ids=[collection.pk])
    assert [turn.collection_ids for turn in turns] == [[str(collection.pk)]] * 2
    of = QuestionImage.objects.for_tenant(as_alice.tenant).values_list("turn", "sha256")
    assert sorted(of) == sorted((turn.pk, picture.sha256) for turn in turns)


@pytest.mark.parametrize("why", ["conversation", "limit", "id"])
def test_where_nobody_is_asked_no_copy_is_left(
    why: str,
    as_alice: Access,
    settings: Settings,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    picture = keep(access=as_alice, picture=Prepared("a.jpg", jpeg(), 64, 48))
    ids = [uuid4()] * 2 if why == "id" else [uuid4(), uuid4()]
    models = ("llava", "phi-3.5-vision")
    asked = [Asked(pk, provider(as_alice, model).pk) for pk, model in zip(ids, models, strict=True)]
    settings.QUESTIONS_PER_MINUTE = 1 if why == "limit" else 60
    place: dict[str, Any] = {"conversation_id": uuid4()} if why == "conversation" else {}
    refused = pytest.raises((NotFound, LimitReached, TurnConflict))
    with django_capture_on_commit_callbacks(execute=True), refused:
        comparison_start(access=as_alice, asked=asked, text="What is it?", image_ids=[picture.pk], **place)
    assert [(each.pk, each.turn) for each in QuestionImage.objects.for_tenant(as_alice.tenant)] == [(picture.pk, None)]
    assert default_storage.listdir(f"{as_alice.tenant.pk}/pictures")[1] == [f"{picture.pk}.jpg"]


def test_each_model_answers_in_a_turn_of_its_own(as_alice: Access) -> None:
    before = talk(as_alice)
    one, two, three = compared(as_alice, "Small", "Large", "Huge", conversation_id=before.conversation_id)
    assert {turn.parent_id for turn in (one, two, three)} == {before.pk}
    assert len({turn.comparison_id for turn in (one, two, three)}) == 1
    assert [turn.chosen_provider.model for turn in (one, two, three) if turn.chosen_provider] == [
        "Small",
        "Large",
        "Huge",
    ]


def test_asking_twice_asks_once(as_alice: Access) -> None:
    asked = [Asked(uuid4(), provider(as_alice, model).pk) for model in ("Small", "Large")]
    first = comparison_start(access=as_alice, asked=asked, text="How long?")
    again = comparison_start(access=as_alice, asked=asked, text="How long?")
    assert ([new for _turn, new in first], [new for _turn, new in again]) == ([True, True], [False, False])
    assert [turn.pk for turn, _new in again] == [each.turn_id for each in asked]
    taken = Asked(talk(as_alice).pk, asked[0].provider_id)
    for ids in ([taken, asked[1]], [taken, Asked(uuid4(), asked[1].provider_id)]):
        with pytest.raises(TurnConflict):
            comparison_start(access=as_alice, asked=ids, text="How long?")


def test_what_cannot_be_compared_asks_nobody(as_alice: Access, as_charlie: Access) -> None:
    small, theirs = provider(as_alice, "Small").pk, provider(as_charlie, "Theirs").pk
    off, twin = provider(as_alice, "Off", enabled=False).pk, provider(as_alice, "Small").pk
    for providers, error, words in (
        ([small, small], ComparisonRefused, "chosen twice"),
        ([small, twin], ComparisonRefused, "chosen twice"),
        ([small, theirs], NotFound, "no such model"),
        ([small, off], NotFound, "no such model"),
        ([small], ComparisonRefused, "two or three"),
        ([small] * 4, ComparisonRefused, "two or three"),
    ):
        with pytest.raises(error, match=words):
            comparison_start(access=as_alice, asked=[Asked(uuid4(), each) for each in providers], text="How long?")
    assert not Turn.objects.for_tenant(as_alice.tenant).exists()
    assert not Conversation.objects.for_tenant(as_alice.tenant).exists()


def test_each_answer_counts_as_a_question(as_alice: Access, settings: Settings) -> None:
    settings.QUESTIONS_PER_MINUTE = 3
    compared(as_alice, "Small", "Large")
    with pytest.raises(LimitReached):
        compared(as_alice, "Tiny", "Huge")
    assert Turn.objects.for_tenant(as_alice.tenant).count() == 2


# --- where it stands ---


def test_a_comparison_is_one_place_of_the_conversation() -> None:
    #  A ┬ B, C compared; C is better ─ nothing
    #    └ D
    two = {B: Compared(1, C), C: Compared(1, C)}
    tree = Tree([(A, None), (B, A), (C, A), (D, A)], two)
    assert tree.together(B) == (B, C)
    assert tree.beside(D).turns == (C, D)
    assert (tree.beside(B).turns, tree.beside(B).place) == ((B, D), 1)
    assert tree.path_through(B) == [A, B]
    unjudged = {B: Compared(1), C: Compared(1)}
    assert Tree([(A, None), (B, A), (C, A)], unjudged).path_through(A) == [A, B]
    went_on = Tree([(A, None), (B, A), (C, A), (D, A), (E, C)], unjudged)
    assert went_on.beside(D).turns == (C, D)


def test_it_is_shown_as_columns_and_goes_on_from_the_first(as_alice: Access) -> None:
    small, large = compared(as_alice, "Small", "Large")
    (view,) = shown(as_alice, small)
    assert [(each.name, each.goes_on, each.is_best) for each in view.comparison.columns] == [
        ("Small", True, False),
        ("Large", False, False),
    ]
    assert view.beside.turns == (small.pk,)
    assert asked_below(as_alice, small).parent == small
    assert [each.comparison is not None for each in shown(as_alice, small)] == [True, False]
    # a result of the search that stands in the other column is in the same page
    assert next(each.id for each in shown(as_alice, small, at=large.pk)) == small.pk


def test_the_next_question_follows_the_better_answer(as_alice: Access) -> None:
    small, large = compared(as_alice, "Small", "Large")
    verdict_set(access=as_alice, turn_id=large.pk, verdict=Verdict.BETTER)
    (view,) = shown(as_alice, small)
    assert [(each.goes_on, each.is_best) for each in view.comparison.columns] == [(False, False), (True, True)]
    below = asked_below(as_alice, small)
    assert below.parent == large
    # a vote for what is further up does not hide what was asked since
    verdict_set(access=as_alice, turn_id=small.pk, verdict=Verdict.BETTER)
    assert [each.id for each in shown(as_alice, small)] == [large.pk, below.pk]
    # but going on from it does
    services.branch_show(access=as_alice, turn_id=small.pk)
    assert [each.id for each in shown(as_alice, small)] == [small.pk]


def test_the_page_shows_it_where_it_stands(alice_client: Client, as_alice: Access) -> None:
    small, large = compared(as_alice, "Small", "Large", status="failed")
    after = asked_below(as_alice, small)
    page = page_of(alice_client.get(turn_url("acme", after)))
    thread = page.css_first("[data-part=thread]")
    assert [each.text(strip=True) for each in thread.css("[data-part=column-name]")] == ["Small", "Large"]
    for turn in (small, large, after):
        assert len(thread.css(f"#turn-{turn.pk}")) == 1
    assert not thread.css(".verdict")  # one answer alone is not judged


def test_the_same_number_of_queries_for_any_number_of_columns(
    alice_client: Client, as_alice: Access, django_assert_max_num_queries: Any
) -> None:
    first = talk(as_alice)
    address = reverse("chat:conversation", args=["acme", first.conversation_id])
    alice_client.get(address)
    provider(as_alice, "One"), provider(as_alice, "Other")
    with django_assert_max_num_queries(40) as few:
        alice_client.get(address)
    compared(as_alice, "Small", "Large", "Huge", conversation_id=first.conversation_id)
    compared(as_alice, "Red", "Blue", conversation_id=first.conversation_id)
    with django_assert_max_num_queries(40) as many:
        alice_client.get(address)
    assert len(many) == len(few)


# --- judging ---


def test_a_vote_is_changed_and_withdrawn(alice_client: Client, as_alice: Access) -> None:
    small, large = compared(as_alice, "Small", "Large")
    for turn, verdict, best in (
        (large, "better", large.pk),
        (small, "better", small.pk),
        (small, "bad", None),
        (small, "good", None),
        (small, "none", None),
    ):
        response = alice_client.post(verdict_address(turn), {"verdict": verdict})
        assert response["Location"].startswith(reverse("chat:conversation", args=["acme", turn.conversation_id]))
        comparison = Comparison.objects.for_tenant(as_alice.tenant).get()
        assert (comparison.verdict or "none", comparison.best_id) == (verdict, best)
    assert alice_client.post(verdict_address(small), {"verdict": "perhaps"}).status_code == 400


def test_a_script_gets_the_comparison_as_it_stands(alice_client: Client, as_alice: Access) -> None:
    _small, large = compared(as_alice, "Small", "Large")
    answer = alice_client.post(verdict_address(large), {"verdict": "better"}, headers={"hx-target": "comparison"})
    section = page_of(answer).css_first(".comparison")
    assert section.attributes["data-goes-on"] == str(large.pk)
    pressed = [each.attributes["aria-pressed"] for each in section.css(".column-foot [name=verdict]")]
    assert pressed == ["false", "true"]
    assert alice_client.get(verdict_address(talk(as_alice))).status_code == 404


def test_only_what_has_ended_well_is_judged(as_alice: Access) -> None:
    for status, words in (("running", "fewer than two"), ("failed", "fewer than two")):
        turns = compared(as_alice, f"Small {status}", f"Large {status}", status=status)
        with pytest.raises(ComparisonRefused, match=words):
            verdict_set(access=as_alice, turn_id=turns[0].pk, verdict=Verdict.GOOD)
    one, _two, three = compared(as_alice, "Small", "Large", "Broken")
    Turn.objects.for_tenant(as_alice.tenant).filter(pk=three.pk).update(status="failed")
    with pytest.raises(ComparisonRefused, match="complete answer"):
        verdict_set(access=as_alice, turn_id=three.pk, verdict=Verdict.BETTER)
    assert verdict_set(access=as_alice, turn_id=one.pk, verdict=Verdict.BETTER).best == one


def test_nobody_else_judges(as_alice: Access, as_bob: Access, as_charlie: Access) -> None:
    small, _large = compared(as_alice, "Small", "Large")
    for access in (as_bob, as_charlie):
        with pytest.raises(NotFound):
            verdict_set(access=access, turn_id=small.pk, verdict=Verdict.GOOD)


def test_names_are_hidden_until_the_vote(alice_client: Client, as_alice: Access) -> None:
    small, _large = compared(as_alice, "Small-7", "Large-9", blind=True)
    page = page_of(alice_client.get(verdict_address(small)))
    assert [each.text(strip=True) for each in page.css("[data-part=column-name]")] == ["Model A", "Model B"]
    assert not any("Small-7" in each.text() for each in page.css("[data-part=model]"))
    verdict_set(access=as_alice, turn_id=small.pk, verdict=Verdict.GOOD)
    assert [each.name for each in shown(as_alice, small)[0].comparison.columns] == ["Small-7", "Large-9"]


def test_what_an_answer_has_cost(as_alice: Access) -> None:
    small, _large = compared(as_alice, "Small", "Large")
    assert cost_of(small) == ""
    for prices, said in (
        ({"input_price": Decimal(2), "output_price": Decimal(6), "currency": "EUR"}, "0.0050 EUR"),
        ({"input_price": None, "output_price": Decimal(4000), "currency": ""}, "2.00"),
    ):
        Provider.objects.for_tenant(as_alice.tenant).filter(model="Small").update(**prices)
        assert shown(as_alice, small)[0].comparison.columns[0].cost == said


# --- who wins ---


def test_wins_losses_and_ties_are_counted(as_alice: Access) -> None:
    def judged(verdict: Verdict, at: int = 0, **kinds: str) -> None:
        Provider.objects.for_tenant(as_alice.tenant).delete()
        turns = compared(as_alice, "Small", "Large", **kinds)
        verdict_set(access=as_alice, turn_id=turns[at].pk, verdict=verdict)

    judged(Verdict.BETTER, 1)
    judged(Verdict.BETTER, 1)
    judged(Verdict.BETTER, 0)
    judged(Verdict.BAD)
    Provider.objects.for_tenant(as_alice.tenant).delete()
    compared(as_alice, "Small", "Large")  # not judged
    three = compared(as_alice, "Tiny", "Middle", "Huge")
    verdict_set(access=as_alice, turn_id=three[2].pk, verdict=Verdict.BETTER)
    table = arena(turns_asked(tenant=as_alice.tenant))
    assert [(each.model, each.wins, each.losses, each.ties, each.comparisons) for each in table.scores] == [
        ("Large", 2, 1, 1, 4),
        ("Huge", 1, 0, 0, 1),
        ("Small", 1, 2, 1, 4),
        ("Middle", 0, 1, 0, 1),
        ("Tiny", 0, 1, 0, 1),
    ]
    large = table.scores[0]
    assert (large.elapsed_p50, large.first_word_p50, large.prompt_tokens, large.completion_tokens) == (
        *(500, 50),
        *(4_000, 2_000),
    )
    assert {each.models: (each.wins, each.ties) for each in table.pairs} == {
        ("Large", "Small"): ([2, 1], 1),
        ("Huge", "Middle"): ([1, 0], 0),
        ("Huge", "Tiny"): ([1, 0], 0),
        ("Middle", "Tiny"): ([0, 0], 0),
    }


def test_the_dashboard_shows_who_wins_and_not_what_was_asked(
    alice_client: Client, as_alice: Access, as_charlie: Access
) -> None:
    address = reverse("chat:dashboard", args=["acme"])
    assert "arena-heading" not in alice_client.get(address).text
    theirs = compared(as_charlie, "Theirs", "Others")
    verdict_set(access=as_charlie, turn_id=theirs[0].pk, verdict=Verdict.BETTER)
    turns = compared(as_alice, "Small", "Large")
    verdict_set(access=as_alice, turn_id=turns[1].pk, verdict=Verdict.BETTER)
    section = page_of(alice_client.get(address)).css_first("[aria-labelledby=arena-heading]")
    rows = [[cell.text(strip=True) for cell in row.css("th, td")][:5] for row in section.css("tbody tr")]
    assert rows == [["Large", "1", "0", "0", "1"], ["Small", "0", "1", "0", "1"]]
    assert "How long?" not in section.text()


# --- taken along ---


def test_a_text_has_the_answer_that_it_goes_on_from_and_a_file_has_all(as_alice: Access) -> None:
    small, large = compared(as_alice, "Small", "Large")
    verdict_set(access=as_alice, turn_id=large.pk, verdict=Verdict.BETTER)
    conversation = Conversation.objects.for_tenant(as_alice.tenant).get()
    text = exporting.as_markdown(conversation, exporting.exchanges(access=as_alice, conversation=conversation))
    assert "Large says" in text
    assert "Small says" not in text
    every = exporting.exchanges(access=as_alice, conversation=conversation, every_branch=True)
    file = exporting.as_json(conversation, every)
    assert [(turn["comparison"], turn["verdict"]) for turn in json.loads(file)["turns"]] == [(0, ""), (0, "better")]
    made = importing.conversation_import(access=as_alice, file=io.BytesIO(file.encode()))
    (view,) = shown(as_alice, Turn(conversation=made))
    assert [(each.name, each.is_best) for each in view.comparison.columns] == [("Small", False), ("Large", True)]
    assert small.comparison_id != Turn.objects.for_tenant(as_alice.tenant).get(pk=view.id).comparison_id


def test_a_conversation_with_a_comparison_is_deleted_whole(as_alice: Access) -> None:
    small, _large = compared(as_alice, "Small", "Large")
    verdict_set(access=as_alice, turn_id=small.pk, verdict=Verdict.BETTER)
    turn_in(small.conversation, "Below?", parent_id=small.pk)
    Conversation.objects.for_tenant(as_alice.tenant).get().delete()
    assert not Comparison.objects.for_tenant(as_alice.tenant).exists()
