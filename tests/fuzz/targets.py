"""What is fuzzed: each reader of what peers and apps send, with what must hold of it for any bytes at all."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from fanfold import device_id
from fanfold.languages.escpos import EscPos
from fanfold.languages.tspl import Tspl
from fanfold.languages.zpl import Zpl
from fanfold.languages.zpl_tally import LabelTally
from fanfold.transports.weblink.alerts import WORDS, NotAlert, alert, effect_of
from fanfold.transports.weblink.messages import Gather, NotHello, NotJson, TooLong, first_message
from fanfold.transports.weblink.packet import BadPacket, discovery
from fanfold.transports.weblink.sgd import Expecting, getvar, json_command, settings_of, value_of, values_of
from fanfold.wire import Prints
from tests.unit.languages.documents import DOCUMENTS

LIMIT_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Target:
    """A reader under test, and bytes to begin from."""

    check: Callable[[bytes], None]
    """Raises when a promise is broken."""
    seeds: tuple[bytes, ...]


def packet(data: bytes) -> None:
    """As the text that it is, and as the bytes within: few texts are base64 by chance."""
    for told in (data.decode("utf-8", "surrogateescape"), b64encode(data).decode()):
        with suppress(BadPacket):
            found = discovery(told)
            assert found.serial.isprintable()
            assert set(found.reasons) <= set(WORDS)
            found.model.encode()


def messages(data: bytes) -> None:
    """The first byte says where the rest is cut; the answer must be the same as in one piece."""
    at, told = data[:1], data[1:]
    cut = at[0] if at else 0
    found = _gathered(told)
    assert _gathered(told[:cut], told[cut:]) == found
    for message in found[0]:
        with suppress(NotHello):
            first_message(message)
        with suppress(NotAlert):
            effect_of(alert(message))


def _gathered(*pieces: bytes) -> tuple[list[object], str]:
    gather = Gather(LIMIT_BYTES)
    found: list[object] = []
    try:
        for piece in pieces:
            found += gather.feed(piece)
    except (NotJson, TooLong) as error:
        return found, type(error).__name__
    return found, ""


def replies(data: bytes) -> None:
    """Up to the first NUL the question, then the reply; each byte of it comes alone."""
    question, _, told = data.partition(b"\0")
    expecting, whole = Expecting.of(question, LIMIT_BYTES), None
    with suppress(TooLong):
        for at in range(len(told)):
            whole = expecting.feed(told[at : at + 1])
            if whole is not None:
                break
        assert whole is None or told.startswith(whole)
        assert told.startswith(expecting.so_far)
    for read in (value_of, values_of, settings_of):
        read(told)


def tally(data: bytes) -> None:
    """However a document is cut, it asks for the same."""
    whole = _total(data)
    assert _total(*(data[at : at + 1] for at in range(len(data)))) == whole
    middle = len(data) // 2
    assert _total(data[:middle], data[middle:]) == whole


def _total(*pieces: bytes) -> Prints | None:
    counting = LabelTally()
    for piece in pieces:
        counting.feed(piece)
    return counting.total()


def identity(data: bytes) -> None:
    """The first byte says where the first answer ends; whoever is said to be it says so in one language."""
    cut, told = (data[0], data[1:]) if data else (0, b"")
    for speaker in (Zpl(), Tspl(), EscPos()):
        found = speaker.identity([told[:cut], told[cut:]])
        assert found is None or found.languages == (speaker.name,)
        assert found is None or all(word.isprintable() for word in (found.make, found.model, found.serial))


def device(data: bytes) -> None:
    says = device_id.read_bytes(data)
    for word in (says.make, says.model, says.serial, says.description, *says.commands):
        assert word.isprintable()
        assert len(word) <= device_id.VALUE_LENGTH
    assert set(says.languages) <= {device_id.language_of(command) for command in says.commands} - {""}


TARGETS = {
    "device": Target(
        device,
        (
            b"\0\x31MFG:EPSON;CMD:ESC/POS;MDL:TM-T88V;CLS:PRINTER;",
            b"MANUFACTURER:Zebra Technologies ;COMMAND SET:ZPL,EPL;MODEL:ZTC ZD420;SERN:50J;DES:x;",
        ),
    ),
    "identity": Target(
        identity,
        (
            b"\x60\x02ZD420-203dpi,V84.20.10Z,8,8176KB\x03\r\n",
            b"\x40TTP-244 Pro\r\n",
            b"\x01\x20\x20_TM-T88V\0\x20_EPSON\0\x20_J5U\0\x20",
        ),
    ),
    "packet": Target(
        packet, (b"OiwuBAUBAAFaQlIAAEQzSjE5:c0cb", b":,.\4\5\1\0\1ZBR".ljust(188, b"\0") + b"D3J19".ljust(234, b"\0"))
    ),
    "messages": Target(
        messages,
        (
            b'\x07{\r\n  "discovery_b64" : "OiwuBAUBAAFaQlIA:c0cb"\r\n}',
            b'\x05\xef\xbb\xbf{"channel_name":"v1.raw.zebra.com","channel_id":"1","unique_id":"50J"}',
            b'\x20{"alert":{"unique_id":"50J","condition_id":"SGD SET","condition_state":"SET","setting_name":"a"}}',
        ),
    ),
    "replies": Target(
        replies,
        (
            getvar("a.b") + b'\0"value"\r\n',
            json_command({"a": None}) + b'\0{"a":"\\"}{"}',
            b"~HS\0\x02030,0\x03\r\n\x02001,0\x03\r\n\x020000,0\x03\r\n",
        ),
    ),
    "tally": Target(
        tally,
        (
            *(document for language, document in DOCUMENTS if language == "zpl"),
            b"^XA^GFB,3,3,1,^XA^FS^PQ2,0,1,Y^XZ~DYR:A,B,G,4,1,^XZ^^XA^ISR:A,N^FDx^FS^XZ",
        ),
    ),
}
