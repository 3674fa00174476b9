//! Any strategy, two to six clients, edits while they are away, any order of coming back: in the end all of them and the
//! server have the same events to the byte.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed assumption fails the test")]

use std::collections::BTreeSet;

use baro_realtime::core::io::{Call, Reply};
use baro_realtime::core::json::Fields;
use baro_realtime::core::merge::Strategy;
use baro_realtime::core::model::{date_to_ms, iso_from_ms};
use baro_realtime::core::rng::Rng;
use baro_simulation::party::Party;

const DAY_MS: u64 = 24 * 3_600_000;
/// Long enough for every attempt to connect again, and every retry.
const HEALED_MS: u64 = 300_000;

/// A party, what it edits, and chance.
struct Game {
    party: Party,
    ids: BTreeSet<String>,
    rng: Rng,
}

impl Game {
    fn new(strategies: &[Strategy], seed: u64) -> Self {
        let mut rng = Rng::from_number(seed);
        let clock = |rng: &mut Rng| match rng.below(4) {
            0 => 0 - i64::try_from(rng.below(DAY_MS)).unwrap(),
            1 => i64::try_from(rng.below(DAY_MS)).unwrap(),
            _ => 0,
        };
        let guests: Vec<_> = strategies.iter().map(|strategy| (*strategy, clock(&mut rng))).collect();
        let mut game = Self { party: Party::new(&guests), ids: BTreeSet::new(), rng };
        for guest in 0..guests.len() {
            game.party.call(guest, Call::Connect);
            game.party.call(guest, Call::Subscribe("project:p".to_owned()));
        }
        (0..3).for_each(|_| game.create(0));
        game.party.pass(1_000);
        game
    }

    fn any(&mut self, bound: usize) -> usize {
        usize::try_from(self.rng.below(bound as u64)).unwrap()
    }

    fn pick(&mut self, words: &[&'static str]) -> &'static str {
        let at = self.any(words.len());
        words[at]
    }

    fn create(&mut self, guest: usize) {
        let body = r#"{"title":"team lunch","description":"one\ntwo\n","projectId":"p","startDate":"2026-03-02T09:00:00.000Z","endDate":"2026-03-02T10:00:00.000Z","attendees":["ada@x.org"]}"#;
        let reply = self.party.call(guest, Call::Create(body.to_owned()));
        let Some(Reply::Write { event, .. }) = reply else { panic!("no event: {reply:?}") };
        self.ids.insert(event.to_string());
    }

    /// One edit of something that the client sees.
    fn edit(&mut self, guest: usize) {
        let ids: Vec<String> = self.ids.iter().cloned().collect();
        let id = ids[self.any(ids.len())].clone();
        let Some((text, _)) = self.party.shown(guest, &id) else { return };
        let event = Fields::parse(&text).unwrap();
        let mut body = Fields::new();
        match self.any(20) {
            0..5 => {
                let title = event.string("title").unwrap();
                let mut words: Vec<&str> = title.split(' ').collect();
                let at = self.any(words.len() + 1);
                let word = self.pick(&["big", "점심", "😀", "dinner", "e\u{301}"]);
                if at < words.len() && self.any(3) == 0 {
                    words[at] = word;
                } else {
                    words.insert(at, word);
                }
                body.set_string("title", &words.join(" "));
            }
            5..8 => {
                let line = self.pick(&["three\n", "four\n", "five\n"]);
                let description = event.string("description").unwrap();
                let description =
                    if self.any(2) == 0 { line.to_owned() + &description } else { description + line };
                body.set_string("description", &description);
            }
            8..12 => {
                let by = [-3_600_000, 1_800_000, 3_600_000][self.any(3)];
                let moved = self.any(2) == 0;
                for field in ["startDate", "endDate"] {
                    if field == "endDate" || moved {
                        let at = date_to_ms(&event.string(field).unwrap()).unwrap() + by;
                        body.set_string(field, &iso_from_ms(u64::try_from(at).unwrap()));
                    }
                }
            }
            12..15 => {
                let mut people: Vec<String> = serde_json::from_str(event.get("attendees").unwrap()).unwrap();
                let who = self.pick(&["ada@x.org", "bob@x.org", "Cy@x.org", "dan@x.org"]).to_owned();
                match people.iter().position(|person| *person == who) {
                    Some(at) => drop(people.remove(at)),
                    None => people.push(who),
                }
                body.set("attendees", &serde_json::to_string(&people).unwrap());
            }
            15..18 => {
                let field = self.pick(&["location", "color", "x"]);
                let value = self.pick(&["\"here\"", "\"there\"", "null"]);
                body.set(field, value);
            }
            18 => return drop(self.party.call(guest, Call::Delete(id))),
            _ => return drop(self.party.call(guest, Call::Undo)),
        }
        // A resize that would end before the start is refused at the call.
        let _reply = self.party.call(guest, Call::Update(id, body.to_text()));
    }

    /// Whoever has to decide does: for the own version, or for the other one.
    fn resolve(&mut self) -> bool {
        for guest in 0..self.party.guests.len() {
            let first = self.party.guests[guest].client.conflicts().next().cloned();
            if let Some(conflict) = first {
                let side = if self.any(2) == 0 { &conflict.local } else { &conflict.remote };
                let text = side.as_ref().map_or_else(|| "null".to_owned(), Fields::to_text);
                let reply = self.party.call(guest, Call::ResolveConflict(conflict.id.clone(), text));
                assert!(reply.is_some(), "a conflict that cannot be resolved: {conflict:?}");
                self.party.pass(1_000);
                return true;
            }
        }
        false
    }

    fn play(&mut self) {
        let guests = self.party.guests.len();
        for _ in 0..3 {
            for guest in 0..guests {
                match self.any(3) {
                    0 => drop(self.party.call(guest, Call::Disconnect)),
                    1 => self.party.lose(guest),
                    _ => {}
                }
            }
            for _ in 0..guests * 3 {
                let guest = self.any(guests);
                match self.any(12) {
                    0 => self.create(guest),
                    1 => self.party.lose(guest),
                    2 => drop(self.party.call(guest, Call::Connect)),
                    _ => self.edit(guest),
                }
                let ms = self.rng.below(400);
                self.party.pass(ms);
            }
        }
        let mut order: Vec<usize> = (0..guests).collect();
        (1..guests).for_each(|at| order.swap(at, usize::try_from(self.rng.below(at as u64 + 1)).unwrap()));
        for guest in order {
            self.party.call(guest, Call::Connect);
            let ms = self.rng.below(2_000);
            self.party.pass(ms);
        }
        self.party.pass(HEALED_MS);
        let mut rounds = 0;
        while self.resolve() {
            rounds += 1;
            assert!(rounds < 1_000, "conflicts come back for ever");
        }
        self.party.pass(HEALED_MS);
    }

    fn judge(&self, what: &str) {
        for (number, guest) in self.party.guests.iter().enumerate() {
            assert!(guest.client.is_connected(), "{what}: client {number} never came back");
            assert_eq!(guest.client.pending().count(), 0, "{what}: client {number} has something unsent");
            for id in &self.ids {
                let stored = self.party.stored(id);
                let shown = self.party.shown(number, id);
                assert_eq!(shown, stored.map(|text| (text, true)), "{what}: client {number}, event {id}");
            }
        }
    }
}

/// How many parties of each size.
const PARTIES: u64 = 4;

fn converges(strategies: impl Fn(usize) -> Strategy, name: &str) -> u64 {
    let mut conflicts = 0;
    for size in 2..=6 {
        for seed in 1..=PARTIES {
            let strategies: Vec<_> = (0..size).map(&strategies).collect();
            let mut game = Game::new(&strategies, seed * 10 + size as u64);
            game.play();
            game.judge(&format!("{name}, {size} clients, seed {seed}"));
            conflicts += game.party.guests.iter().map(|guest| guest.conflicts).sum::<u64>();
        }
    }
    conflicts
}

#[test]
fn all_end_with_the_same_bytes_under_each_strategy() {
    for strategy in Strategy::ALL {
        let conflicts = converges(|_| strategy, strategy.word());
        assert_eq!(conflicts > 0, strategy != Strategy::LastWriteWins, "{}: {conflicts}", strategy.word());
    }
}

#[test]
fn all_end_with_the_same_bytes_when_each_has_a_strategy_of_its_own() {
    let conflicts = converges(|at| Strategy::ALL[at % Strategy::ALL.len()], "mixed");
    assert!(conflicts > 0);
}

/// Everybody types into the same texts while away: word `n` is typed once.
fn typed(strategy: Strategy, size: usize, seed: u64) -> (Game, usize) {
    let mut game = Game::new(&vec![strategy; size], seed);
    let ids: Vec<String> = game.ids.iter().cloned().collect();
    let mut words = 0;
    for round in 0..4 {
        for guest in 0..size {
            let call = if game.any(3) == 0 { Call::Connect } else { Call::Disconnect };
            game.party.call(guest, call);
        }
        for _ in 0..size * 4 {
            let (guest, id) = (game.any(size), ids[game.any(ids.len())].clone());
            let Some((text, _)) = game.party.shown(guest, &id) else { continue };
            let field = game.pick(&["title", "description"]);
            let old = Fields::parse(&text).unwrap().string(field).unwrap();
            let mut letters: Vec<char> = old.chars().collect();
            let mut gaps =
                (0..=letters.len()).filter(|at| *at == 0 || *at == letters.len() || letters[*at] == ' ');
            let at = gaps.nth(game.any(gaps.clone().count())).unwrap();
            drop(gaps);
            letters.splice(at..at, format!(" w{words}w ").chars());
            words += 1;
            let mut body = Fields::new();
            body.set_string(field, &letters.iter().collect::<String>());
            let reply = game.party.call(guest, Call::Update(id, body.to_text()));
            assert!(matches!(reply, Some(Reply::Write { .. })), "round {round}: {reply:?}");
            game.party.pass(50);
        }
    }
    for guest in 0..size {
        game.party.call(guest, Call::Connect);
    }
    game.party.pass(HEALED_MS);
    (game, words)
}

#[test]
fn nothing_that_anybody_typed_is_lost_under_transformation() {
    for size in 2..=6 {
        for seed in 1..=3 {
            let (game, words) = typed(Strategy::OperationalTransform, size, seed);
            let what = format!("{size} clients, seed {seed}");
            game.judge(&what);
            let texts: String = game.ids.iter().filter_map(|id| game.party.stored(id)).collect();
            let times = |word: usize| texts.matches(&format!("w{word}w")).count();
            let wrong: Vec<usize> = (0..words).filter(|word| times(*word) != 1).collect();
            assert!(wrong.is_empty(), "{what}: {wrong:?} of {words} are not there once: {texts}");
        }
    }
}

#[test]
fn what_a_merge_does_not_keep_somebody_is_told() {
    for strategy in [Strategy::Merge, Strategy::Crdt] {
        let mut told = 0;
        for (size, seed) in (2..=6).flat_map(|size| [(size, 1), (size, 2)]) {
            let (game, words) = typed(strategy, size, seed);
            let what = format!("{}, {size} clients, seed {seed}", strategy.word());
            game.judge(&what);
            let texts: String = game.ids.iter().filter_map(|id| game.party.stored(id)).collect();
            let dropped: String = game.party.guests.iter().map(|guest| guest.dropped.as_str()).collect();
            for word in (0..words).map(|word| format!("w{word}w")) {
                let kept = texts.matches(&word).count();
                assert!(
                    kept == 1 || kept == 0 && dropped.contains(&word),
                    "{what}: {word} is {kept} times in {texts}"
                );
                told += usize::from(kept == 0);
            }
        }
        assert!(told > 0, "nothing ever gave way");
    }
}
