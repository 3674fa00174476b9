//! How much one address may take.
//!
//! Owns the count of open connections and the rates of handshakes and requests, by the address that a connection comes
//! from: one for IPv4, the /64 for IPv6, which is what one customer has. Guarantees that an address comes back to nothing
//! held once its connections are over and its rates have recovered. Knows of addresses only what the socket says: behind a
//! proxy all clients are the proxy, which then has to limit them itself. For that reason, and because what comes from this
//! machine or this network is its owner's, loopback and private addresses are free unless the command line says a number.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use baro_realtime::core::time::Timestamp;

use super::clock::Clock;
use crate::bucket::Bucket;

/// Connections of an address, if the command line names no number: an office behind one address is let in.
const CONNECTIONS_MAX: u64 = 1_000;
/// Handshakes a second.
const HANDSHAKES_PER_SECOND: u64 = 100;
/// REST requests a second.
const REQUESTS_PER_SECOND: u64 = 100;
/// So many seconds' worth may come at once.
const BURST_S: u64 = 5;
/// What a rate needs to recover, and a little more.
const FORGET_MS: u64 = 10_000;

/// What the command line says of one address; `None` where it says nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PeerLimits {
    /// Open connections.
    pub connections: Option<u64>,
    /// Handshakes a second.
    pub handshakes: Option<u64>,
    /// REST requests a second.
    pub requests: Option<u64>,
}

/// Everybody who holds or lately held something.
#[derive(Debug)]
pub(super) struct Peers {
    limits: PeerLimits,
    clock: Clock,
    known: Mutex<HashMap<IpAddr, Peer>>,
    /// Connections, handshakes and requests that were refused.
    refused: [AtomicU64; 3],
}

#[derive(Debug)]
struct Peer {
    open: u64,
    handshakes: Bucket,
    requests: Bucket,
    seen_at: Timestamp,
}

/// What an address asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asks {
    Handshake,
    Request,
}

/// A connection's place among those of its address, until it is dropped.
#[derive(Debug)]
pub(super) struct Seat {
    peers: Arc<Peers>,
    address: IpAddr,
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.peers.change(self.address, |peer| peer.open -= 1);
    }
}

impl Peers {
    pub(super) fn new(limits: PeerLimits, clock: Clock) -> Self {
        Self { limits, clock, known: Mutex::default(), refused: Default::default() }
    }

    fn change<T>(&self, address: IpAddr, change: impl FnOnce(&mut Peer) -> T) -> T {
        let now = self.clock.now().mono;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let peer = known.entry(owner_of(address)).or_insert_with(|| Peer {
            open: 0,
            handshakes: Bucket::full(now, self.rate(address, Asks::Handshake).saturating_mul(BURST_S)),
            requests: Bucket::full(now, self.rate(address, Asks::Request).saturating_mul(BURST_S)),
            seen_at: now,
        });
        peer.seen_at = now;
        change(peer)
    }

    /// A place for one more connection, if there is one.
    pub(super) fn admit(self: &Arc<Self>, address: IpAddr) -> Option<Seat> {
        let most = free(address, self.limits.connections).unwrap_or(CONNECTIONS_MAX);
        let admitted = self.change(address, |peer| {
            let room = peer.open < most;
            peer.open += u64::from(room);
            room
        });
        if !admitted {
            self.refused[0].fetch_add(1, Ordering::Relaxed);
        }
        admitted.then(|| Seat { peers: Arc::clone(self), address })
    }

    /// Whether an address may do that now.
    pub(super) fn allows(&self, address: IpAddr, asks: Asks) -> bool {
        let rate = self.rate(address, asks);
        let now = self.clock.now().mono;
        let allowed = self.change(address, |peer| {
            let bucket = match asks {
                Asks::Handshake => &mut peer.handshakes,
                Asks::Request => &mut peer.requests,
            };
            bucket.take(now, rate, rate.saturating_mul(BURST_S))
        });
        if !allowed {
            self.refused[if asks == Asks::Handshake { 1 } else { 2 }].fetch_add(1, Ordering::Relaxed);
        }
        allowed
    }

    fn rate(&self, address: IpAddr, asks: Asks) -> u64 {
        let (said, usual) = match asks {
            Asks::Handshake => (self.limits.handshakes, HANDSHAKES_PER_SECOND),
            Asks::Request => (self.limits.requests, REQUESTS_PER_SECOND),
        };
        free(address, said).unwrap_or(usual)
    }

    /// Forgets who holds nothing any more.
    pub(super) fn sweep(&self, now: Timestamp) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, peer| peer.open > 0 || peer.seen_at.after(FORGET_MS) > now);
    }

    /// Connections, handshakes and requests that were refused.
    pub(super) fn refused(&self) -> [u64; 3] {
        self.refused.each_ref().map(|count| count.load(Ordering::Relaxed))
    }
}

/// The number for an address, if it is not the usual one.
fn free(address: IpAddr, said: Option<u64>) -> Option<u64> {
    said.or_else(|| is_own(address.to_canonical()).then_some(1_000_000_000))
}

/// Whether nobody has this address on the internet.
fn is_own(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_loopback() || address.is_private() || address.is_link_local(),
        IpAddr::V6(address) => {
            address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local()
        }
    }
}

/// Whose an address is.
fn owner_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        four @ IpAddr::V4(_) => four,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peers(limits: PeerLimits) -> Arc<Peers> {
        Arc::new(Peers::new(limits, Clock::start()))
    }

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn an_address_has_so_many_connections_and_gets_them_back() {
        let peers = peers(PeerLimits { connections: Some(2), ..PeerLimits::default() });
        let (ana, ben) = (address("192.0.2.1"), address("192.0.2.2"));
        let first = peers.admit(ana);
        let _second = peers.admit(ana).expect("a seat");
        assert!(first.is_some() && peers.admit(ana).is_none() && peers.admit(ben).is_some());
        drop(first);
        assert!(peers.admit(ana).is_some());
        assert_eq!(peers.refused(), [1, 0, 0]);
    }

    #[test]
    fn a_customer_of_ipv6_is_one_and_so_is_an_address_written_in_two_ways() {
        let peers = peers(PeerLimits { connections: Some(1), ..PeerLimits::default() });
        let _held = (peers.admit(address("2001:db8::1")), peers.admit(address("192.0.2.1")));
        assert!(peers.admit(address("2001:db8::2:1")).is_none());
        assert!(peers.admit(address("2001:db8:0:1::1")).is_some());
        assert!(peers.admit(address("::ffff:192.0.2.1")).is_none());
    }

    #[test]
    fn this_machine_and_network_are_free_unless_a_number_is_said() {
        let told = |handshakes| peers(PeerLimits { handshakes, ..PeerLimits::default() });
        let passed = |peers: &Peers, from: &str| {
            (0..2_000).filter(|_| peers.allows(address(from), Asks::Handshake)).count() as u64
        };
        for own in [
            "127.0.0.1",
            "::1",
            "::ffff:127.0.0.1",
            "10.1.2.3",
            "192.168.0.7",
            "172.16.0.1",
            "fd00::1",
            "fe80::1",
        ] {
            assert_eq!(passed(&told(None), own), 2_000, "{own}");
        }
        for others in ["172.32.0.1", "2001:db8::1", "::ffff:192.0.2.1"] {
            assert!((500..1_900).contains(&passed(&told(None), others)), "{others}");
        }
        // The loop takes some time, in which a few more come free.
        assert!((500..1_900).contains(&passed(&told(None), "192.0.2.1")));
        assert!((5..100).contains(&passed(&told(Some(1)), "127.0.0.1")));
    }

    #[test]
    fn who_holds_nothing_is_forgotten() {
        let peers = peers(PeerLimits::default());
        let held = peers.admit(address("192.0.2.1"));
        assert!(peers.allows(address("192.0.2.2"), Asks::Request));
        let known = || peers.known.lock().expect("a lock").len();
        let now = peers.clock.now().mono;
        peers.sweep(now);
        assert_eq!(known(), 2);
        peers.sweep(now.after(FORGET_MS * 2));
        assert_eq!(known(), 1);
        drop(held);
        peers.sweep(now.after(FORGET_MS * 4));
        assert_eq!(known(), 0);
    }
}
