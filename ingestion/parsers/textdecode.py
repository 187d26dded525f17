"""Bytes to text, when nobody says in which encoding they are.

In this order: a byte order mark; UTF-16 by where its zero bytes are; UTF-8; then the 8-bit encodings of before
Unicode. A guess by statistics (charset-normalizer) is right about scripts, where most bytes of a word are above 127,
but takes Latin-2 for Latin-1 or Baltic on a page of Serbian, so those are told apart by their letters here.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

from ingestion.errors import DocumentUnreadable
from ingestion.sentences import sentence as _

BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark its own begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
SAMPLE_BYTES = 64 * 1024
MAX_CONTROL_SHARE = 0.05
"""Control bytes in a text. Random bytes have a tenth, a text none; a few stray zero bytes are let through."""
MAX_STRAY_CONTROLS = 4
VALID_PER_BROKEN = 10
"""UTF-8 with damage: so many well-formed characters beyond ASCII for each that is not."""
MIN_ZERO_SHARE = 0.3
MAX_LATIN_SHARE = 0.35
"""Bytes above 127 among the letters: accents are at most a quarter of them, other scripts nearly all."""
MIN_PLAUSIBLE = 0.85
MAX_REPLACED_SHARE = 0.2
"""A text with fewer bytes above 127 can be read without them."""
MIN_BYTES_TO_GUESS = 10
"""From fewer, statistics read any language into them."""

LATIN_ENCODINGS = ("cp1250", "cp1252", "iso8859_2", "cp852", "cp850", "mac_roman", "cp1254", "cp1257", "cp1251")
"""The first wins a draw: German, for one, looks the same in the first three."""
ALPHABETS = (  # the first wins a draw: a page with one š in Latin-2 might as well be Polish in Windows-1250
    "čćđšž",  # Serbian, Croatian, Bosnian, Slovene
    "äöüß",
    "áčďéěíňóřšťúůýžäĺľôŕ",
    "ąćęłńóśźż",
    "áéíóöőúüű",
    "ăâîşţșț",
    "àâæçéèêëîïôœùûüÿ",
    "áàãâéêíóõôúüçñºª",
    "àèéìíîòóùú",
    "åäöæøé",
    "çğıİöşü",
    "āčēģīķļņšūžąęėįų",
    "".join(map(chr, range(0x430, 0x460))),
)
UNLIKELY_ENCODINGS = ("ptcp154", "kz1048", "mac_cyrillic", "johab")
"""Taken for Windows-1251 and Latin text on short pages, and hardly ever met."""
PUNCTUATION = frozenset("„“”‘’‚‹›«»–—…•·§°©®™€£¥±×÷½¼¾²³µ¡¿\u00a0\u00ad")
CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
HIGH_RUN = re.compile(rb"\S*[\x80-\xff]\S*")


def decode(data: bytes) -> str:
    """Return `data` as text. Raise `DocumentUnreadable` when it is no text, or in an encoding that cannot be told."""
    for mark, encoding in BOMS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, errors="replace")
    if encoding := _utf16_without_mark(data[:SAMPLE_BYTES]):
        return data.decode(encoding, errors="replace")
    refuse_binary(data)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return _decode_legacy(data)


def refuse_binary(data: bytes) -> None:
    """Raise `DocumentUnreadable` when control bytes say that `data` is a program, an archive, a picture."""
    sample = data[:SAMPLE_BYTES]
    controls = len(CONTROL.findall(sample))
    if controls > max(MAX_STRAY_CONTROLS, MAX_CONTROL_SHARE * len(sample)):
        raise DocumentUnreadable(_("This is a binary file, although its name says text. Upload the document itself."))


def is_text(head: bytes) -> bool:
    """Whether a file that begins with `head` can be read by `decode`, as far as that shows."""
    if head.startswith(tuple(mark for mark, _ in BOMS)) or _utf16_without_mark(head):
        return True
    try:
        refuse_binary(head)
    except DocumentUnreadable:
        return False
    return True


def _utf16_without_mark(sample: bytes) -> str:
    """Spaces and line ends have a zero byte in UTF-16 whatever the script, and Latin letters all do: always the same
    one of the two bytes."""
    pairs = len(sample) // 2
    if pairs < 2:
        return ""
    even, odd = sample[0 : pairs * 2 : 2].count(0), sample[1 : pairs * 2 : 2].count(0)
    for encoding, zeros, others in (("utf-16-le", odd, even), ("utf-16-be", even, odd)):
        if zeros > pairs * MIN_ZERO_SHARE and others * 20 < zeros and _is_strict(sample[: pairs * 2], encoding):
            return encoding
    for encoding, space in (("utf-16-le", b" \x00"), ("utf-16-be", b"\x00 ")):
        spaces = sum(sample[place : place + 2] == space for place in range(0, pairs * 2, 2))
        if spaces > pairs * 0.05 and b"\x00\x00" not in sample and _is_strict(sample[: pairs * 2], encoding):
            return encoding
    return ""


def _is_strict(sample: bytes, encoding: str) -> bool:
    """A sample may end in the middle of a surrogate pair, hence the incremental decoder."""
    try:
        codecs.getincrementaldecoder(encoding)("strict").decode(sample)
    except UnicodeDecodeError:
        return False
    return True


def _decode_legacy(data: bytes) -> str:
    replaced = data.decode("utf-8", errors="replace")
    broken = replaced.count("\ufffd")
    well_formed = sum(character > "\x7f" for character in replaced) - broken
    if well_formed >= VALID_PER_BROKEN * broken:
        return replaced
    sample = b" ".join(_high_words(data))
    high = sum(byte > 127 for byte in data[:SAMPLE_BYTES])
    letters = high + sum(byte in b"abcdefghijklmnopqrstuvwxyz" for byte in data[:SAMPLE_BYTES].lower())
    mostly_ascii = high <= MAX_REPLACED_SHARE * letters
    encoding = _latin_encoding(sample) if high <= MAX_LATIN_SHARE * letters else ""
    if not encoding and (high >= MIN_BYTES_TO_GUESS or not mostly_ascii):
        encoding = _guess(data[:SAMPLE_BYTES])
    if encoding:
        return data.decode(encoding, errors="replace")
    if mostly_ascii:
        return replaced
    raise DocumentUnreadable(
        _("The encoding of this text cannot be told. Open it in a text editor, save it as UTF-8 and upload that.")
    )


def _high_words(data: bytes) -> Iterator[bytes]:
    """Words with a byte above 127, up to `SAMPLE_BYTES` of them; a longer "word" is cut."""
    size = 0
    for match in HIGH_RUN.finditer(data[: 16 * SAMPLE_BYTES]):
        word = match.group()[:SAMPLE_BYTES]
        yield word
        size += len(word)
        if size > SAMPLE_BYTES:
            return


def _latin_encoding(sample: bytes) -> str:
    """The encoding that explains most; of equals the one with the earlier alphabet, then the earlier encoding."""
    best, best_score = "", (MIN_PLAUSIBLE, -len(ALPHABETS))
    for encoding in LATIN_ENCODINGS:
        try:
            score = _plausibility(sample.decode(encoding))
        except UnicodeDecodeError:
            continue
        if score > best_score:
            best, best_score = encoding, score
    return best


def _plausibility(text: str) -> tuple[float, int]:
    """The share of characters beyond ASCII that belong where they stand, in the alphabet that explains most; and
    minus that alphabet's place in `ALPHABETS`."""
    places = [place for place, character in enumerate(text) if character > "\x7f"]
    if not places:
        return 0.0, 0
    letters = [text[place].lower() for place in places if _is_letter_in_place(text, place)]
    punctuation = sum(text[place] in PUNCTUATION and not _is_inside_word(text, place) for place in places)
    explained, order = max(
        (sum(letter in alphabet for letter in letters), -order) for order, alphabet in enumerate(ALPHABETS)
    )
    return (explained + punctuation) / len(places), order


def _is_letter_in_place(text: str, place: int) -> bool:
    """A letter; not a capital behind a small one; not Cyrillic beside ASCII."""
    character, before, after = text[place], text[place - 1 : place], text[place + 1 : place + 2]
    if not character.isalpha() or (character.isupper() and before.islower()):
        return False
    is_cyrillic = "\u0400" <= character <= "\u04ff"
    return not (is_cyrillic and any(other.isascii() and other.isalpha() for other in (before, after)))


def _is_inside_word(text: str, place: int) -> bool:
    """Whether a sign stands where only a letter can: between two, or as a raised or broken number before one."""
    if text[place] in "’\u00ad" or not text[place + 1 : place + 2].isalpha():
        return False
    return text[place] in "½¼¾²³" or text[place - 1 : place].isalpha()


def _guess(sample: bytes) -> str:
    from charset_normalizer import from_bytes

    best = from_bytes(sample, cp_exclusion=list(UNLIKELY_ENCODINGS)).best()
    return best.encoding if best else ""
