"""The log's last lines: numbered, bounded, readable while others write."""

from __future__ import annotations

import logging

from fanfold.logbook import LINE_CHARACTERS, Logbook


def logger_of(book: Logbook) -> logging.Logger:
    logger = logging.Logger("test", logging.INFO)  # noqa: LOG001  # one of its own for each test
    logger.addHandler(book)
    return logger


def test_lines_have_a_number_a_time_a_level_and_a_text() -> None:
    book = Logbook()
    logger_of(book).warning("printer %s is away", "till")
    ((number, at, level, text),) = book.read().lines
    assert (number, level, text) == (1, "warning", "printer till is away")
    assert at.tzinfo is not None


def test_reading_goes_on_where_it_ended() -> None:
    book = Logbook()
    logger = logger_of(book)
    logger.info("one")
    first = book.read()
    logger.info("two")
    assert [line[3] for line in book.read(first.last).lines] == ["two"]
    assert book.read(2).lines == ()


def test_only_the_last_lines_are_kept_and_long_ones_are_cut() -> None:
    book = Logbook(kept_lines=3)
    logger = logger_of(book)
    for number in range(10):
        logger.info("line %d", number)
    logger.info("x" * 10_000)
    lines = book.read().lines
    assert [line[0] for line in lines] == [9, 10, 11]
    assert len(lines[-1][3]) == LINE_CHARACTERS


def test_a_traceback_which_may_quote_a_document_is_not_kept() -> None:
    book = Logbook()
    try:
        int("^XA secret ^XZ")
    except ValueError:
        logger_of(book).exception("it broke")
    assert [line[3] for line in book.read().lines] == ["it broke"]
