//! What tabs tell each other of what they wrote.

use super::*;
use crate::core::io::{TabsEffect, TabsEvent};

/// A tab that has read its database and never connects.
fn tab() -> Bench {
    let mut bench = Bench::durable();
    bench.client.share_tabs();
    bench.drain();
    bench.store(StorageEvent::Loaded(Vec::new()));
    bench
}

/// The verb of each note since the last look, and whom it is for, with the titles that it tells.
fn notes(bench: &mut Bench) -> Vec<String> {
    let told = |effect: Effect| match effect {
        Effect::Tabs(TabsEffect::Tell(text)) => {
            let mut words = text.split(' ');
            let (verb, to) = (words.next().unwrap_or_default(), words.nth(1).unwrap_or_default());
            let titles: Vec<&str> =
                text.split(r#""title":""#).skip(1).filter_map(|rest| rest.split('"').next()).collect();
            Some(format!("{verb} [{to}] {}", titles.join(" ")))
        }
        _ => None,
    };
    std::mem::take(&mut bench.effects).into_iter().filter_map(told).collect()
}

fn create(bench: &mut Bench, title: &str) {
    bench.write(Call::Create(EVENT.replace("Stand-up", title)));
}

fn hear(bench: &mut Bench, note: &str) {
    bench.give(Input::Tabs(TabsEvent::Heard(note)));
}

#[test]
fn a_tab_alone_copies_nothing_for_others_and_asks_whether_there_are_any() {
    let mut bench = tab();
    assert_eq!(notes(&mut bench), ["ask [] "]);
    create(&mut bench, "One");
    create(&mut bench, "Two");
    assert_eq!(notes(&mut bench), ["ask [] ", "ask [] "]);
}

#[test]
fn with_the_first_word_of_another_tab_all_hear_what_was_written_before() {
    let others = ["wrote other  0 0\n\n[]", "frame other third 0 0\n", "ask other  0 0\n"];
    for first in others {
        let mut bench = tab();
        create(&mut bench, "One");
        notes(&mut bench);
        hear(&mut bench, first);
        assert_eq!(notes(&mut bench), ["wrote [] One"], "{first}");
        create(&mut bench, "Two");
        assert_eq!(notes(&mut bench), ["wrote [] Two"], "{first}");
    }
}

#[test]
fn who_asks_is_answered_even_if_nothing_was_written() {
    let mut bench = tab();
    hear(&mut bench, "wrote other  0 0\n\n[]");
    notes(&mut bench);
    hear(&mut bench, "ask other  0 0\n");
    assert_eq!(notes(&mut bench), ["wrote [other] "]);
}

#[test]
fn two_tabs_of_which_one_did_not_hear_the_other_start_find_each_other_with_the_next_edit() {
    let (mut first, mut second) = (tab(), tab());
    create(&mut first, "One");
    let asked = first.effects.iter().rev().find_map(|effect| match effect {
        Effect::Tabs(TabsEffect::Tell(text)) => Some(text.clone()),
        _ => None,
    });
    notes(&mut second);
    hear(&mut second, &asked.unwrap().replace(&*first.own().0, "first"));
    assert_eq!(notes(&mut second), ["wrote [] "]);
    notes(&mut first);
    hear(&mut first, "wrote second  0 0\n\n[]");
    assert_eq!(notes(&mut first), ["wrote [] One"]);
}

#[test]
fn what_is_relayed_before_the_welcome_of_a_tab_that_follows_makes_no_plain_server_of_a_known_one() {
    for (spoken, outcome) in [("baro", None), ("", Some(&Outcome::Done))] {
        let mut bench = tab();
        let ticket = bench.ticket(Call::Subscribe("project:p".to_owned()));
        bench.call(Call::Connect);
        bench.give(Input::Tabs(TabsEvent::Busy));
        let own = bench.client.own().0.clone();
        hear(&mut bench, "lead other  0 1\n");
        let pipe = bench.effects.iter().rev().find_map(|effect| match effect {
            Effect::Tabs(TabsEffect::Tell(text)) => {
                text.strip_prefix("open ")?.split(' ').nth(2).map(str::to_owned)
            }
            _ => None,
        });
        let pipe = pipe.expect("a pipe is wanted");
        hear(&mut bench, &format!("opened other {own} {pipe} 0\n{spoken}"));
        hear(&mut bench, "frame other  0 1\n{\"type\":\"user:joined\",\"payload\":{\"id\":\"bo\"}}");
        assert_eq!(bench.outcome(ticket), outcome, "{spoken}");
    }
}
