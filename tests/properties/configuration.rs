//! Options of every shape are read or refused by name, and delays stay where they were configured.

use baro_realtime::core::config::{Config, ReconnectConfig, Value};
use baro_realtime::core::rng::Rng;
use baro_realtime::core::session::Backoff;
use proptest::prelude::*;

const NAMES: [&str; 28] = [
    "url",
    "protocols",
    "dialect",
    "negotiate",
    "projectId",
    "user",
    "reconnect",
    "heartbeat",
    "auth",
    "ack",
    "batch",
    "cursor",
    "offline",
    "conflict",
    "transports",
    "visibility",
    "tabs",
    "windowEvents",
    "id",
    "delay",
    "maxDelay",
    "factor",
    "interval",
    "timeout",
    "token",
    "placement",
    "strategy",
    "anything",
];

fn value() -> impl Strategy<Value = Value> {
    let number = any::<f64>().prop_map(|number| Value::Number(number, number.to_string()));
    let word = prop::sample::select(vec![
        "ws://h/ws",
        "/ws",
        "merge",
        "query",
        "baro",
        "socket",
        "polling",
        "",
        "é",
    ]);
    let leaf = prop_oneof![
        Just(Value::Absent),
        any::<bool>().prop_map(Value::Bool),
        number,
        word.prop_map(|word| Value::Text(word.to_owned())),
        any::<String>().prop_map(Value::Text),
        Just(Value::Function),
        any::<String>().prop_map(Value::Other),
    ];
    leaf.prop_recursive(4, 40, 8, |inner| {
        let name = prop::sample::select(NAMES.to_vec()).prop_map(str::to_owned);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::List),
            prop::collection::vec((name, inner), 0..8).prop_map(Value::Object),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn any_options_are_read_or_refused_by_name(value in value(), base in prop::option::of("https?://[a-z.]{1,12}")) {
        let url = Value::Text("wss://host/ws".to_owned());
        let options = match value {
            Value::Object(mut fields) => {
                fields.retain(|(name, _)| name != "url");
                fields.push(("url".to_owned(), url));
                Value::Object(fields)
            }
            other => other,
        };
        match Config::read(&options, base.as_deref()) {
            Ok(config) => {
                prop_assert_eq!(config.url, "wss://host/ws");
                prop_assert!(config.reconnect.delay_ms <= config.reconnect.delay_ms_max);
                prop_assert!(config.reconnect.factor >= 1.0);
            }
            Err(fault) => {
                prop_assert!(["invalid_config", "unsupported"].contains(&fault.code.as_str()), "{:?}", fault);
                prop_assert!(fault.message.starts_with("config"), "{}", fault.message);
                prop_assert!(!fault.retryable);
            }
        }
    }

    #[test]
    fn a_delay_is_between_half_and_all_of_what_it_may_be(
        seed in any::<u64>(),
        delay_ms in 1..100_000_u64,
        more_ms in 0..1_000_000_u64,
        factor in 1.0..10.0_f64,
        jitter in any::<bool>(),
        attempts_max in prop::option::of(0..40_u64),
    ) {
        let config = ReconnectConfig { attempts_max, delay_ms, delay_ms_max: delay_ms + more_ms, factor, jitter };
        let (mut backoff, mut rng) = (Backoff::default(), Rng::from_number(seed));
        let mut attempts = 0;
        while let Some(delay) = backoff.next_delay(&config, &mut rng) {
            attempts += 1;
            prop_assert!(delay >= delay_ms / 2 && delay <= config.delay_ms_max, "{} of {:?}", delay, config);
            if attempts >= 2_000 {
                break;
            }
        }
        prop_assert_eq!(attempts, attempts_max.unwrap_or(2_000));
        backoff.reset();
        let spread = backoff.spread(&config, more_ms, &mut rng);
        prop_assert!(spread.is_none_or(|delay| delay <= more_ms));
    }
}
