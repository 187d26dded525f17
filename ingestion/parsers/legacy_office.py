"""Word and PowerPoint files of before 2007, by way of LibreOffice, which makes files of today of them."""

from __future__ import annotations

import io
import shutil
import tempfile
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path, PurePath
from typing import Any, BinaryIO, ClassVar

from ingestion.domain import ParsedDocument
from ingestion.errors import DocumentUnreadable
from ingestion.parsers.guards import reading
from ingestion.parsers.programs import ProgramFailed, run
from ingestion.parsers.slides import SlidesParser
from ingestion.parsers.word import WordParser
from ingestion.ports import Parser, Report
from ingestion.sentences import sentence as _

CONVERT_S = 120.0
"""Starting takes two seconds, a handbook of 500 pages 30."""
MAX_CONVERTED_BYTES = 512 * 1024 * 1024

PASSWORD = _("This file is protected by a password. Remove the password and upload it again.")
WORD_FLAGS = 0x0A
WORD_ENCRYPTED = 0x0100
"""Among the flags of the File Information Block, [MS-DOC] 2.5.2."""
SLIDES_ENCRYPTED = bytes.fromhex("dfc4d1f3")
"""Instead of e391c05f, at byte 12 of the stream "Current User", [MS-PPT] 2.3.2."""

# Nothing in a document is run, and nothing that it names is fetched.
SETTINGS = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Office.Common/Security/Scripting">
<prop oor:name="MacroSecurityLevel" oor:op="fuse"><value>3</value></prop>
<prop oor:name="DisableMacrosExecution" oor:op="fuse"><value>true</value></prop>
<prop oor:name="BlockUntrustedRefererLinks" oor:op="fuse"><value>true</value></prop>
</item>
<item oor:path="/org.openoffice.Inet/Settings">
<prop oor:name="ooInetProxyType" oor:op="fuse"><value>2</value></prop>
<prop oor:name="ooInetHTTPProxyName" oor:op="fuse"><value>localhost</value></prop>
<prop oor:name="ooInetHTTPProxyPort" oor:op="fuse"><value>9</value></prop>
<prop oor:name="ooInetHTTPSProxyName" oor:op="fuse"><value>localhost</value></prop>
<prop oor:name="ooInetHTTPSProxyPort" oor:op="fuse"><value>9</value></prop>
</item>
</oor:items>
"""


class OldWordParser:
    media_types: ClassVar[Mapping[str, tuple[str, ...]]] = {"application/msword": (".doc",)}

    def parse(self, file: BinaryIO, *, filename: str, report: Report) -> ParsedDocument:
        with reading(_("Word file")):
            _refuse(file, _is_secret_word)
            return _parse(
                WordParser(), file, filename, report, old="doc", new="docx", package="libreoffice-writer-nogui"
            )


class OldSlidesParser:
    media_types: ClassVar[Mapping[str, tuple[str, ...]]] = {"application/vnd.ms-powerpoint": (".ppt",)}

    def parse(self, file: BinaryIO, *, filename: str, report: Report) -> ParsedDocument:
        with reading(_("PowerPoint file")):
            _refuse(file, _is_secret_slides)
            return _parse(
                SlidesParser(), file, filename, report, old="ppt", new="pptx", package="libreoffice-impress-nogui"
            )


def _parse(
    parser: Parser, file: BinaryIO, filename: str, report: Report, *, old: str, new: str, package: str
) -> ParsedDocument:
    converted = _converted(file, report, old=old, new=new, package=package)
    return parser.parse(converted, filename=str(PurePath(filename).with_suffix(f".{new}")), report=report)


def _refuse(file: BinaryIO, is_secret: Callable[[Any], bool]) -> None:
    import olefile  # type: ignore[import-untyped]

    file.seek(0)
    with closing(olefile.OleFileIO(file)) as ole:
        if is_secret(ole):
            raise DocumentUnreadable(PASSWORD)


def _is_secret_word(ole: Any) -> bool:
    flags = ole.openstream("WordDocument").read(WORD_FLAGS + 2)[WORD_FLAGS:]
    return bool(int.from_bytes(flags, "little") & WORD_ENCRYPTED)


def _is_secret_slides(ole: Any) -> bool:
    if ole.exists("EncryptedSummary"):
        return True
    user = ole.openstream("Current User").read(16) if ole.exists("Current User") else b""
    return bool(user[12:] == SLIDES_ENCRYPTED)


def _converted(file: BinaryIO, report: Report, *, old: str, new: str, package: str) -> BinaryIO:
    """The same document as a file of today. Each call has a LibreOffice of its own, with a profile that is thrown away:
    two cannot share one, and nothing is left there for the next document."""
    if not (office := shutil.which("soffice")):
        raise DocumentUnreadable(
            _(
                "Files of the type .%(old)s need LibreOffice, which is not installed here. "
                "Save the file as .%(new)s and upload that, or ask the operator to install LibreOffice "
                "(Debian package: %(package)s).",
                old=old,
                new=new,
                package=package,
            )
        )
    with tempfile.TemporaryDirectory(prefix="razgovor-office-") as name:
        place = Path(name)
        (place / "profile/user").mkdir(parents=True)
        (place / "profile/user/registrymodifications.xcu").write_text(SETTINGS, encoding="utf-8")
        source, target = place / f"document.{old}", place / "converted" / f"document.{new}"
        file.seek(0)
        with source.open("wb") as copy:
            shutil.copyfileobj(file, copy)
        _convert([office, *_arguments(place, source, new)], place, report, new=new)
        if not target.exists() or target.stat().st_size > MAX_CONVERTED_BYTES:
            raise DocumentUnreadable(_not_converted(new))
        return io.BytesIO(target.read_bytes())


def _arguments(place: Path, source: Path, new: str) -> list[str]:
    return [
        f"-env:UserInstallation={(place / 'profile').as_uri()}",
        "--headless",
        "--norestore",
        "--nolockcheck",
        "--nodefault",
        "--convert-to",
        new,
        "--outdir",
        str(place / "converted"),
        str(source),
    ]


def _convert(command: list[str], place: Path, report: Report, *, new: str) -> None:
    try:
        run(
            command,
            wall_s=CONVERT_S,
            too_slow=_(
                "Converting this file took more than %(seconds)s seconds. Save it as .%(new)s and upload that.",
                seconds=round(CONVERT_S),
                new=new,
            ),
            waiting=lambda: report(0, 1),
            environment={"HOME": str(place), "TMPDIR": str(place), "SAL_USE_VCLPLUGIN": "svp"},
        )
    except ProgramFailed as error:
        raise DocumentUnreadable(_not_converted(new)) from error


def _not_converted(new: str) -> str:
    return _(
        "LibreOffice cannot convert this file: it is damaged, or the program is not installed whole. "
        "Open it in the program that made it, save it as .%(new)s and upload that.",
        new=new,
    )
