//! Accepting connections.

use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tower_service::Service as _;

use super::linger::Lingering;
use super::peers::Peers;

/// Connections that the kernel holds until they are accepted: what a server's restart brings back at once.
const BACKLOG: i32 = 4096;
/// From the first byte of a request to the end of its headers, and from one request to the next.
const HEADER_TIMEOUT: Duration = Duration::from_secs(5);
const HEADERS_MAX: usize = 64;
const HEADER_BYTES_MAX: usize = 32 * 1024;
/// What a connection is told that is one too many from its address.
const TOO_MANY: &[u8] =
    b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 5\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

/// Where a request comes from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer(pub(super) IpAddr);

/// How far the server's end is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// It serves.
    NotYet,
    /// No connection is accepted any more.
    Closed,
    /// What is under way is finished, and that is all.
    Finished,
}

/// Opens the socket.
pub(super) fn bind(address: SocketAddr) -> Result<TcpListener, String> {
    let open = || {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        socket.set_reuse_address(true)?;
        socket.set_nonblocking(true)?;
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        TcpListener::from_std(socket.into())
    };
    open().map_err(|fault| format!("--listen: cannot listen on {address}: {fault}"))
}

/// Accepts until told to stop.
pub(super) async fn accept(
    listener: TcpListener,
    router: Router,
    peers: Arc<Peers>,
    write_timeout: Duration,
    mut ending: watch::Receiver<Ending>,
) {
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, from)) => match peers.admit(from.ip()) {
                    Some(seat) => {
                        // Without this the kernel holds small frames back; a socket that is gone says so when it is read.
                        let _set = stream.set_nodelay(true);
                        let io = Lingering::new(stream, seat, write_timeout);
                        tokio::spawn(converse(io, from.ip(), router.clone(), ending.clone()));
                    }
                    None => {
                        // Into the empty buffer of a new socket it always goes; if not, nobody is owed an explanation.
                        let _told = stream.try_write(TOO_MANY);
                    }
                },
                Err(fault) => {
                    // Mostly no file descriptors are left: what is open has to end first.
                    eprintln!("warning: cannot accept: {fault}");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
            _ = ending.changed() => return,
        }
    }
}

async fn converse(stream: Lingering, from: IpAddr, router: Router, mut ending: watch::Receiver<Ending>) {
    let io = TokioIo::new(stream);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(Peer(from));
        router.clone().call(request)
    });
    let conversation = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_headers(HEADERS_MAX)
        .max_buf_size(HEADER_BYTES_MAX)
        .serve_connection(io, service)
        .with_upgrades();
    let mut conversation = pin!(conversation);
    // A peer that breaks off is no event.
    tokio::select! {
        _over = &mut conversation => return,
        _ = ending.wait_for(|ending| *ending == Ending::Finished) => {}
    }
    conversation.as_mut().graceful_shutdown();
    let _over = conversation.await;
}
