"""What proves a job: as many alerts as it asks for, and a counter that moved by just its labels."""

from __future__ import annotations

from fanfold.transports.weblink.ledger import MOST, Ledger
from fanfold.wire import Prints

ONE = Prints(1, 1)


def delivered(ledger: Ledger[str], key: str, baseline: int | None, prints: Prints | None = ONE) -> None:
    entry = ledger.begin(key)
    entry.baseline, entry.prints = baseline, prints
    ledger.close(entry)


def alerts(ledger: Ledger[str], count: int) -> None:
    for _ in range(count):
        ledger.alert()


def test_a_job_is_proven_by_its_alert_and_its_label_together() -> None:
    ledger: Ledger[str] = Ledger()
    delivered(ledger, "a", 100)
    assert [ledger.due, ledger.alert(), ledger.due] == [False, None, True]  # type: ignore[func-returns-value]
    assert ledger.read(101, quiet=True) == ["a"]
    assert not ledger.waiting


def test_an_alert_without_a_label_proves_nothing() -> None:
    ledger: Ledger[str] = Ledger()
    delivered(ledger, "a", 100)
    ledger.alert()
    assert ledger.read(100, quiet=False) == []
    assert ledger.waiting, "its own label may still come"


def test_a_label_without_an_alert_proves_nothing() -> None:
    ledger: Ledger[str] = Ledger()
    delivered(ledger, "a", 100, Prints(2, 2))
    ledger.alert()
    assert not ledger.due
    assert ledger.read(102, quiet=None) == []


def test_a_job_of_several_labels_needs_all_of_them() -> None:
    ledger: Ledger[str] = Ledger()
    delivered(ledger, "a", 7, Prints(2, 11))
    alerts(ledger, 2)
    assert ledger.read(17, quiet=False) == []
    assert ledger.read(18, quiet=True) == ["a"]


def test_another_label_that_came_out_first_proves_nothing() -> None:
    ledger: Ledger[str] = Ledger()
    delivered(ledger, "a", 100)
    ledger.alert()  # of a label through USB that was ahead
    assert ledger.read(101, quiet=False) == [], "ours is still in the buffer"
    ledger.alert()
    assert ledger.read(102, quiet=True) == []
    assert not ledger.waiting
    assert ledger.given_up() == ["a"]


def test_labels_of_a_job_ahead_that_cannot_be_counted_are_not_taken_for_those_of_one_that_was_lost() -> None:
    ledger: Ledger[str] = Ledger()
    delivered(ledger, "nobody knows", None, None)
    delivered(ledger, "a", 100)
    ledger.alert()  # of the first: it came out, and then the power went
    ledger.shaken()
    assert ledger.read(101, quiet=True) == []
    assert ledger.lost(101) == []
    ledger.emptied()
    delivered(ledger, "b", 101)
    ledger.alert()
    ledger.shaken()
    assert ledger.read(102, quiet=True) == ["b"], "nothing was left in the buffer when it began"


def test_behind_labels_that_cannot_be_counted_a_reading_that_stays_is_not_enough() -> None:
    ledger: Ledger[str] = Ledger()
    delivered(ledger, "nobody knows", None, None)
    delivered(ledger, "a", 100)
    ledger.alert()
    assert ledger.read(101, quiet=None) == []
    assert ledger.read(101, quiet=None) == []
    assert ledger.read(101, quiet=True) == ["a"]


def test_where_the_printer_does_not_tell_of_its_buffer_a_reading_must_stay() -> None:
    ledger: Ledger[str] = Ledger()
    delivered(ledger, "a", 100)
    ledger.alert()
    assert ledger.read(101, quiet=None) == []
    ledger.alert()  # a second one: the first may have been another's
    assert ledger.read(101, quiet=None) == []
    assert ledger.read(101, quiet=None) == ["a"]


def test_jobs_in_a_row_are_proven_in_order() -> None:
    ledger: Ledger[str] = Ledger()
    delivered(ledger, "a", 10)
    delivered(ledger, "b", 10, Prints(1, 3))
    delivered(ledger, "c", None)
    alerts(ledger, 2)
    assert ledger.read(14, quiet=False) == []
    assert ledger.read(14, quiet=True) == [], "nothing is left in its buffer, so the third came out or was lost"
    ledger.alert()
    assert ledger.read(15, quiet=True) == ["a", "b", "c"]


def test_the_first_jobs_are_proven_without_the_last_where_a_printer_never_tells_of_its_buffer() -> None:
    ledger: Ledger[str] = Ledger()
    delivered(ledger, "a", 10)
    delivered(ledger, "b", 11)
    ledger.alert()
    assert ledger.read(11, quiet=None) == []
    assert ledger.read(11, quiet=None) == ["a"]
    ledger.alert()
    assert ledger.read(12, quiet=True) == ["b"]


def test_labels_without_their_alerts_wait_for_them() -> None:
    ledger: Ledger[str] = Ledger()
    delivered(ledger, "a", 10)
    delivered(ledger, "b", 10)
    ledger.alert()
    assert ledger.read(12, quiet=True) == []
    ledger.alert()
    assert ledger.read(12, quiet=True) == ["a", "b"]


def test_a_job_whose_labels_cannot_be_told_blocks_none_behind_it() -> None:
    ledger: Ledger[str] = Ledger()
    delivered(ledger, "graphic", 10, None)
    assert not ledger.waiting
    delivered(ledger, "b", 11)
    delivered(ledger, "firmware", 11, None)
    alerts(ledger, 1)
    assert ledger.read(12, quiet=True) == ["b"]
    assert ledger.given_up() == ["firmware"]
    delivered(ledger, "c", 12)
    ledger.alert()
    assert ledger.read(13, quiet=True) == ["c"]


def test_a_printer_that_does_not_say_its_counter_is_not_asked_again() -> None:
    ledger: Ledger[str] = Ledger()
    delivered(ledger, "a", None)
    ledger.alert()
    assert not ledger.due


def test_a_foreign_alert_neither_blocks_nor_confirms() -> None:
    ledger: Ledger[str] = Ledger()
    ledger.alert()
    delivered(ledger, "a", 100)
    assert not ledger.due
    alerts(ledger, 5)
    assert ledger.read(100, quiet=False) == []
    assert ledger.read(101, quiet=True) == ["a"], "its label came, and alerts enough"


def test_the_counter_before_a_job_counts_those_ahead_of_it() -> None:
    ledger: Ledger[str] = Ledger()
    delivered(ledger, "a", 10, Prints(1, 4))
    entry = ledger.begin("b")
    entry.baseline = 11  # read while a was still coming out
    assert ledger.before(entry) == 14
    delivered(ledger, "c", 20, None)
    after = ledger.begin("d")
    assert ledger.before(after) is None


def test_after_a_reset_the_jobs_are_named_of_which_labels_are_missing() -> None:
    ledger: Ledger[str] = Ledger()
    delivered(ledger, "a", 10, Prints(1, 2))
    delivered(ledger, "b", 10)
    delivered(ledger, "c", 10)
    ledger.shaken()
    assert ledger.lost(13) == ["c"]
    assert ledger.given_up() == ["a", "b"]
    assert not ledger.waiting


def test_a_job_of_which_only_some_labels_are_missing_is_named() -> None:
    ledger: Ledger[str] = Ledger()
    delivered(ledger, "a", 10)
    delivered(ledger, "b", 10, Prints(1, 5))
    ledger.shaken()
    assert ledger.lost(13) == ["b"]


def test_what_came_after_the_reset_is_not_what_was_lost_in_it() -> None:
    ledger: Ledger[str] = Ledger()
    delivered(ledger, "a", 10)
    ledger.shaken()
    delivered(ledger, "b", 10)
    ledger.alert()  # of b
    assert ledger.read(11, quiet=True) == [], "b's label is not a's"
    assert ledger.read(11, quiet=None) == []
    assert ledger.read(11, quiet=None) == []
    assert ledger.lost(11) == ["a"]
    assert ledger.given_up() == ["b"]


def test_what_cannot_be_counted_hides_no_loss_before_it() -> None:
    ledger: Ledger[str] = Ledger()
    delivered(ledger, "a", 10)
    delivered(ledger, "firmware", 10, None)
    ledger.shaken()
    assert ledger.lost(10) == ["a"]


def test_where_all_labels_came_nothing_was_lost_and_what_was_not_told_before_the_loss_is_never_proven() -> None:
    ledger: Ledger[str] = Ledger()
    delivered(ledger, "a", 10)
    ledger.shaken()
    assert ledger.lost(11) == []
    ledger.alert()
    assert ledger.read(11, quiet=True) == [], "the label may be what somebody else sent to it since"
    assert ledger.given_up() == ["a"]


def test_what_was_told_before_the_loss_is_proven_after_it() -> None:
    ledger: Ledger[str] = Ledger()
    delivered(ledger, "a", 10)
    ledger.alert()
    ledger.shaken()
    ledger.alert()
    ledger.shaken()
    assert ledger.read(11, quiet=True) == ["a"]


def test_alerts_after_a_loss_prove_nothing_of_what_may_be_forgotten() -> None:
    ledger: Ledger[str] = Ledger()
    delivered(ledger, "a", 10)
    ledger.shaken()
    ledger.alert()
    ledger.shaken()
    assert ledger.read(11, quiet=True) == []


def test_without_a_loss_nothing_is_called_lost() -> None:
    ledger: Ledger[str] = Ledger()
    delivered(ledger, "a", 10)
    assert ledger.lost(10) == []


def test_a_job_that_was_not_delivered_leaves_those_before_it() -> None:
    ledger: Ledger[str] = Ledger()
    delivered(ledger, "a", 10)
    entry = ledger.begin("b")
    ledger.withdraw(entry)
    ledger.withdraw(entry)
    ledger.alert()
    assert ledger.read(11, quiet=True) == ["a"]


def test_a_printer_that_never_proves_anything_fills_no_memory() -> None:
    ledger: Ledger[str] = Ledger()
    for number in range(MOST + 1):
        delivered(ledger, str(number), number)
    assert len(ledger.given_up()) == MOST


def test_a_printer_that_does_not_know_its_counter_holds_up_nothing() -> None:
    ledger: Ledger[str] = Ledger()
    entry = ledger.begin("a")
    entry.prints = ONE
    assert ledger.close(entry), "its counter may still be told"
    ledger.told(entry, None)
    assert ledger.given_up() == ["a"]
    assert not ledger.waiting


def test_a_counter_that_is_told_late_counts() -> None:
    ledger: Ledger[str] = Ledger()
    entry = ledger.begin("a")
    entry.prints = ONE
    ledger.close(entry)
    ledger.alert()
    due = [ledger.due]
    ledger.told(entry, 10)
    assert [*due, ledger.due] == [False, True]
    assert ledger.read(11, quiet=True) == ["a"]


def test_a_job_that_prints_nothing_is_not_called_printed_and_disturbs_no_other() -> None:
    ledger: Ledger[str] = Ledger()
    delivered(ledger, "a", 10)
    entry = ledger.begin("stored format")
    entry.prints = Prints(0, 0)
    assert not ledger.close(entry)
    delivered(ledger, "b", 10)
    alerts(ledger, 2)
    assert ledger.read(12, quiet=True) == ["a", "b"]
    assert ledger.given_up() == ["stored format"]


def test_alerts_that_are_left_over_from_before_are_none_of_the_next_job_s() -> None:
    ledger: Ledger[str] = Ledger()
    delivered(ledger, "a", 10)
    alerts(ledger, 3)  # two of them of others, whose labels came before
    assert ledger.read(11, quiet=True) == ["a"]
    delivered(ledger, "b", 11)
    assert ledger.read(12, quiet=True) == [], "the label may be another's: no alert has told of ours"
