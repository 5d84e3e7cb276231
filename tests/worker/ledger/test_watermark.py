"""A count that goes backwards means that accepts are gone: how many, and since when."""

from worker.ledger.watermark import Loss, Watermark


def test_a_count_that_grows_is_no_loss() -> None:
    mark = Watermark()

    assert [mark.see(count, 0.0) for count in (5, 6, 9)] == [False] * 3
    assert mark.loss is None


def test_a_count_that_goes_back_tells_how_many_are_missing_and_since_when() -> None:
    mark = Watermark()
    for count in range(1, 101):
        mark.see(count, count * 10.0)

    assert mark.see(41, 2000.0)
    assert mark.loss == Loss(60, 400.0)


def test_a_count_that_was_seen_before_is_a_loss_of_one() -> None:
    mark = Watermark()
    mark.see(7, 1.0)

    assert mark.see(7, 2.0)
    assert mark.loss == Loss(1, 1.0)


def test_two_losses_add_up_and_go_back_to_the_earlier() -> None:
    mark = Watermark()
    for count in range(1, 21):
        mark.see(count, count * 10.0)
    mark.see(11, 300.0)
    mark.see(12, 310.0)
    mark.see(5, 400.0)

    assert mark.loss is not None
    assert mark.loss.missing == 10 + 8
    assert mark.loss.since == 100.0


def test_a_store_that_is_empty_again_has_lost_all_that_this_process_has_seen() -> None:
    mark = Watermark()
    mark.see(50, 10.0)
    mark.see(60, 30.0)

    mark.see(1, 40.0)

    assert mark.loss == Loss(60, 10.0)
