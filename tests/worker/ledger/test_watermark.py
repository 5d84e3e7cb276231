"""A count that goes backwards means that accepts are gone: how many, and since when."""

from worker.ledger.watermark import Loss, Watermark


def see(mark: Watermark, accepts: int, now: float, before: float, *, taken: int = 1) -> bool:
    """What the mark says of a question that nothing else was asked beside."""
    return mark.see(mark.sent(), accepts, taken, now, before)


def test_a_count_that_grows_is_no_loss() -> None:
    mark = Watermark()

    assert [see(mark, count, 0.0, 0.0) for count in (5, 6, 9)] == [False] * 3
    assert mark.loss is None


def test_a_count_that_goes_back_tells_how_many_are_missing_and_since_when() -> None:
    mark = Watermark()
    for count in range(1, 101):
        see(mark, count, count * 10.0, count * 10.0 - 10)

    assert see(mark, 41, 2000.0, 405.0)
    assert mark.loss == Loss(60, 400.0)


def test_a_count_that_was_seen_before_is_a_loss_of_one() -> None:
    mark = Watermark()
    see(mark, 7, 1.0, 0.5)

    assert see(mark, 7, 2.0, 1.0)
    assert mark.loss == Loss(1, 1.0)


def test_two_losses_add_up_and_go_back_to_the_earlier() -> None:
    mark = Watermark()
    for count in range(1, 21):
        see(mark, count, count * 10.0, count * 10.0 - 10)
    see(mark, 11, 300.0, 100.0)
    see(mark, 12, 310.0, 300.0)
    see(mark, 5, 400.0, 305.0)

    assert mark.loss is not None
    assert mark.loss.missing == 10 + 8
    assert mark.loss.since == 100.0


def test_a_store_that_is_empty_again_has_lost_all_that_was_ever_sent() -> None:
    mark = Watermark()
    see(mark, 50, 10.0, 9.0)
    see(mark, 60, 30.0, 29.0)

    see(mark, 1, 40.0, 0.0)

    assert mark.loss == Loss(60, 0.0)


def test_a_store_older_than_the_process_tells_since_when_itself() -> None:
    mark = Watermark()
    see(mark, 50, 1000.0, 999.0)

    see(mark, 31, 1100.0, 500.0)

    assert mark.loss == Loss(20, 500.0)


def test_who_notices_after_others_have_sent_goes_by_what_it_has_seen() -> None:
    mark = Watermark()
    for count in range(1, 101):
        see(mark, count, count * 10.0, count * 10.0 - 10)

    see(mark, 51, 2000.0, 1999.0)

    assert mark.loss == Loss(50, 500.0)


def test_accepts_that_were_taken_together_are_as_many() -> None:
    mark = Watermark()
    see(mark, 100, 10.0, 9.0, taken=100)

    assert not see(mark, 164, 20.0, 10.0, taken=64)
    assert see(mark, 164, 30.0, 20.0, taken=64)
    assert mark.loss == Loss(64, 10.0)


def test_answers_to_questions_that_were_on_their_way_together_may_come_in_any_order() -> None:
    mark = Watermark()
    see(mark, 10, 10.0, 9.0)
    first, second = mark.sent(), mark.sent()

    assert not mark.see(second, 30, 10, 11.0, 10.5)
    assert not mark.see(first, 20, 10, 11.0, 10.0)
    assert not see(mark, 31, 12.0, 11.0)
    assert mark.highest == 31


def test_of_two_on_their_way_the_one_that_takes_what_the_other_took_tells_of_a_loss() -> None:
    mark = Watermark()
    see(mark, 110, 10.0, 9.0)
    slow, quick = mark.sent(), mark.sent()
    mark.see(quick, 120, 5, 11.0, 10.5)

    assert mark.see(slow, 118, 8, 12.0, 10.0)
    assert mark.loss == Loss(10, 10.0)


def test_a_loss_between_two_on_their_way_is_found_by_the_next_at_the_latest() -> None:
    mark = Watermark()
    see(mark, 100, 10.0, 9.0)
    slow, quick = mark.sent(), mark.sent()
    mark.see(quick, 120, 5, 11.0, 10.5)
    mark.see(slow, 113, 3, 12.0, 10.0)

    assert see(mark, 114, 13.0, 12.0)
    assert mark.loss == Loss(7, 10.0)


def test_a_loss_is_found_once_by_those_that_were_on_their_way() -> None:
    mark = Watermark()
    see(mark, 100, 10.0, 9.0)
    first, second = mark.sent(), mark.sent()

    assert mark.see(first, 55, 5, 20.0, 8.0)
    assert not mark.see(second, 50, 5, 20.0, 8.0)
    assert mark.loss == Loss(50, 8.0)
    assert mark.highest == 55
