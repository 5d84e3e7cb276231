"""A count that goes backwards means that accepts are gone: how many, and since when."""

from worker.ledger.watermark import Loss, Watermark


def test_a_count_that_grows_is_no_loss() -> None:
    mark = Watermark()

    assert [mark.see(count, 0.0, 0.0) for count in (5, 6, 9)] == [False] * 3
    assert mark.loss is None


def test_a_count_that_goes_back_tells_how_many_are_missing_and_since_when() -> None:
    mark = Watermark()
    for count in range(1, 101):
        mark.see(count, count * 10.0, count * 10.0 - 10)

    assert mark.see(41, 2000.0, 405.0)
    assert mark.loss == Loss(60, 400.0)


def test_a_count_that_was_seen_before_is_a_loss_of_one() -> None:
    mark = Watermark()
    mark.see(7, 1.0, 0.5)

    assert mark.see(7, 2.0, 1.0)
    assert mark.loss == Loss(1, 1.0)


def test_two_losses_add_up_and_go_back_to_the_earlier() -> None:
    mark = Watermark()
    for count in range(1, 21):
        mark.see(count, count * 10.0, count * 10.0 - 10)
    mark.see(11, 300.0, 100.0)
    mark.see(12, 310.0, 300.0)
    mark.see(5, 400.0, 305.0)

    assert mark.loss is not None
    assert mark.loss.missing == 10 + 8
    assert mark.loss.since == 100.0


def test_a_store_that_is_empty_again_has_lost_all_that_was_ever_sent() -> None:
    mark = Watermark()
    mark.see(50, 10.0, 9.0)
    mark.see(60, 30.0, 29.0)

    mark.see(1, 40.0, 0.0)

    assert mark.loss == Loss(60, 0.0)


def test_a_store_older_than_the_process_tells_since_when_itself() -> None:
    mark = Watermark()
    mark.see(50, 1000.0, 999.0)

    mark.see(31, 1100.0, 500.0)

    assert mark.loss == Loss(20, 500.0)


def test_who_notices_after_others_have_sent_goes_by_what_it_has_seen() -> None:
    mark = Watermark()
    for count in range(1, 101):
        mark.see(count, count * 10.0, count * 10.0 - 10)

    mark.see(51, 2000.0, 1999.0)

    assert mark.loss == Loss(50, 500.0)
