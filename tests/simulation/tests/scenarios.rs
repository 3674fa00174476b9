//! Promises that are numbers. `simulate --scenarios` prints them.

use baro_simulation::scenario::{
    CLIENTS, Figure, PEAK_PERCENT_MAX, a_change_that_nobody_told, a_link_that_swallows, a_resumption,
    a_server_that_closes_at_once, a_thousand_writes, recoveries,
};
use baro_simulation::storm::{End, storm};

fn holds(figures: &[Figure]) {
    for figure in figures {
        assert!(figure.holds, "{}: {}, at most {}", figure.promise, figure.seen, figure.most);
    }
}

#[test]
fn a_thousand_writes_are_pipelined() {
    holds(&[a_thousand_writes()]);
}

#[test]
fn a_resumption_takes_one_frame_and_one_round_trip() {
    holds(&a_resumption());
}

#[test]
fn a_server_that_accepts_and_closes_sees_few_connects() {
    holds(&[a_server_that_closes_at_once()]);
}

#[test]
fn a_write_on_a_dead_link_is_noticed_in_four_seconds() {
    holds(&[a_link_that_swallows()]);
}

#[test]
fn recoveries_in_a_row_with_nothing_missed_work() {
    holds(&recoveries());
}

#[test]
fn a_change_that_nobody_told_is_found_by_its_digest() {
    holds(&[a_change_that_nobody_told()]);
}

#[test]
fn after_a_restart_ten_thousand_clients_come_back_evenly() {
    for end in [End::Drained(5_000), End::Closed(1_012), End::Closed(1_001)] {
        let back = storm(CLIENTS, end, 0);
        assert!(back.peak_percent <= PEAK_PERCENT_MAX && back.missing == 0, "{end:?}: {back:?}");
    }
}

#[test]
fn after_an_outage_all_come_back() {
    for outage_ms in [0, 5_000, 30_000] {
        let back = storm(CLIENTS, End::Lost, outage_ms);
        assert_eq!(back.missing, 0, "{outage_ms}: {back:?}");
    }
}
