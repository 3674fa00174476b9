//! Both clocks.
#![expect(clippy::disallowed_methods, reason = "this is the adapter that owns the clock")]

use std::cell::Cell;

use gloo_timers::callback::Timeout;
use js_sys::{Function, Promise};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::Performance;

use super::global::{call_method, property};
use crate::core::time::{Now, Timestamp};

/// Difference between the clocks that is taken for sleep, ms; below it, the wall clock was merely adjusted.
const SLEEP_MS: f64 = 2_000.0;

/// A clock that counts suspended time, which `performance.now()` leaves out on some systems: what the wall clock gained
/// over it is added.
#[derive(Debug)]
pub(super) struct Clock {
    performance: Option<Performance>,
    started: f64,
    wall: Cell<f64>,
    perf: Cell<f64>,
    slept: Cell<f64>,
}

impl Clock {
    pub(super) fn new() -> Self {
        // Found once: a look-up by name costs more than the reading.
        let performance = property(&js_sys::global(), "performance").dyn_into::<Performance>().ok();
        let perf = performance.as_ref().map_or_else(wall_ms, Performance::now);
        Self {
            performance,
            started: perf,
            wall: Cell::new(wall_ms()),
            perf: Cell::new(perf),
            slept: Cell::new(0.0),
        }
    }

    pub(super) fn now(&self) -> Now {
        let (wall, perf) = (wall_ms(), self.performance.as_ref().map_or_else(wall_ms, Performance::now));
        let gained = (wall - self.wall.get()) - (perf - self.perf.get());
        if gained > SLEEP_MS {
            self.slept.set(self.slept.get() + gained);
        }
        self.wall.set(wall);
        self.perf.set(perf);
        Now { mono: Timestamp(whole(perf - self.started + self.slept.get())), wall_ms: whole(wall) }
    }
}

/// Waits.
pub(super) async fn pause(ms: u32) {
    let mut timeout = None;
    let turn = Promise::new(&mut |resolve, _| {
        timeout = Some(Timeout::new(ms, move || {
            // A promise's resolver does not throw.
            let _resolved = resolve.unchecked_ref::<Function>().call0(&JsValue::UNDEFINED);
        }));
    });
    let _turn = JsFuture::from(turn).await;
    // Not forgotten, as gloo has it: its callback would stay for ever.
    drop(timeout);
}

/// Waits until the page has nothing to do; where the browser does not tell, a fifth of a second.
pub(super) async fn idle() {
    let mut asked = false;
    let turn = Promise::new(&mut |resolve, _| {
        asked = call_method(&js_sys::global(), "requestIdleCallback", &[resolve.into()]).is_ok();
    });
    if asked {
        let _turn = JsFuture::from(turn).await;
    } else {
        pause(200).await;
    }
}

/// The wall clock, ms since 1970.
pub(super) fn wall_ms() -> f64 {
    js_sys::Date::now()
}

/// A number of milliseconds without its fraction; what is negative or not a number is 0.
fn whole(ms: f64) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "`as` saturates, and that is meant"
    )]
    let ms = ms as u64;
    ms
}
