import time
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.chunking.structure import MAX_CHARACTERS, WORD, StructureChunker
from ingestion.domain import ParsedDocument, Section

DOCUMENT = UUID("6ba7b810-9dad-11d1-80b4-00c04fd430c8")
SENTENCE = "The main valve must be serviced every eighteen months. "

words = st.text(alphabet="ab .!?\n\t,;。čЖ漢\u00a0\u2003'\")", max_size=120)
headings = st.lists(st.sampled_from(["One", "Two"]), max_size=2).map(tuple)
sections = st.builds(Section, text=words, page=st.none() | st.integers(1, 3), heading=headings)
documents = st.lists(sections, max_size=8).map(lambda made: ParsedDocument(tuple(made)))


def split(*texts, limit=MAX_CHARACTERS, **fields):
    parsed = ParsedDocument(tuple(text if isinstance(text, Section) else Section(text) for text in texts), **fields)
    return StructureChunker(limit).split(DOCUMENT, parsed)


@given(documents, st.integers(1, 60))
def test_chunks_are_stretches_of_the_text_that_leave_no_word_out(parsed, limit):
    chunks = StructureChunker(limit).split(DOCUMENT, parsed)
    end = 0
    for ordinal, chunk in enumerate(chunks):
        assert chunk.text == parsed.text[chunk.start : chunk.end]
        assert chunk.text == chunk.text.strip() != ""
        assert len(chunk.text) <= limit
        assert chunk.ordinal == ordinal
        assert not WORD.search(parsed.text[end : chunk.start])
        assert WORD.search(chunk.text)
        end = chunk.end
    assert not WORD.search(parsed.text[end:])


@given(documents)
def test_a_chunk_has_the_page_and_the_heading_of_its_first_character(parsed):
    for chunk in StructureChunker(40).split(DOCUMENT, parsed):
        place = max(number for number, start in enumerate(parsed.starts) if start <= chunk.start)
        assert (chunk.page, chunk.heading) == (parsed.sections[place].page, parsed.sections[place].heading)


@given(documents)
def test_a_chunk_ends_on_the_page_of_its_last_character(parsed):
    for chunk in StructureChunker(40).split(DOCUMENT, parsed):
        place = max(number for number, start in enumerate(parsed.starts) if start < chunk.end)
        assert chunk.last_page == parsed.sections[place].page


@given(documents)
def test_the_same_document_gives_the_same_chunks(parsed):
    assert StructureChunker(40).split(DOCUMENT, parsed) == StructureChunker(40).split(DOCUMENT, parsed)


def test_ids_differ_between_documents_and_between_equal_passages():
    text = ("Same words. " * 8).strip()
    here = split(text, limit=12)
    there = StructureChunker(12).split(UUID(int=7), ParsedDocument((Section(text),)))
    assert len({chunk.id for chunk in (*here, *there)}) == 16


def test_a_document_without_text_has_no_chunks():
    assert split() == split("") == split(" \n\n ", "\t") == ()


def test_many_tiny_sections_share_a_chunk():
    chunks = split(*(Section(f"Part {n}\n\nTwo words.", heading=("Guide", f"Part {n}")) for n in range(100)))
    assert len(chunks) <= 3
    assert chunks[0].heading == ("Guide", "Part 0")


def test_a_new_part_begins_a_chunk_when_the_current_one_is_more_than_half_full():
    chunks = split(Section("a " * 400, heading=("One",)), Section("b " * 100, heading=("Two",)))
    assert [chunk.heading for chunk in chunks] == [("One",), ("Two",)]


def test_a_new_part_shares_the_chunk_when_that_is_nearly_empty():
    chunks = split(Section("a " * 100, heading=("One",)), Section("b " * 100, heading=("Two",)))
    assert [chunk.heading for chunk in chunks] == [("One",)]


def test_chunks_end_with_a_sentence_where_they_can():
    chunks = split(SENTENCE * 200)
    assert len(chunks) > 5
    assert all(chunk.text.endswith("months.") and len(chunk.text) > MAX_CHARACTERS // 2 for chunk in chunks)


def test_chinese_is_cut_between_sentences():
    chunks = split("主阀必须每十八个月检修一次。" * 300)
    assert all(chunk.text.endswith("。") for chunk in chunks)


@pytest.mark.parametrize("text", ["a" * 3_000_000, "漢" * 1_000_000, "ab, " * 250_000, "x\n" * 500_000])
def test_a_huge_section_takes_linear_time(text):
    started = time.process_time()
    chunks = split(text)
    assert all(len(chunk.text) <= MAX_CHARACTERS for chunk in chunks)
    assert time.process_time() - started < 20  # about 1 s; quadratic time would be hours


def test_a_limit_that_holds_nothing_is_refused():
    with pytest.raises(ValueError, match="holds nothing"):
        StructureChunker(0)
