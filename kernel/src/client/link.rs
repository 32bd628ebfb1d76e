//! The thread that holds a client's sockets: connects, sends, hears, and connects again.

use super::told::{self, Gone, Info, Question, Told};
use super::{Order, Waiting};
use crate::connection;
use crate::hub::Channel;
use crate::wire::{Draft, Incoming, Refused, Wire};
use bytes::Bytes;
use jupyter_protocol::ConnectionInfo;
use jupyter_protocol::connection_info::Transport;
use serde_json::json;
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{Instant, MissedTickBehavior, timeout};
use zeromq::util::PeerIdentity;
use zeromq::{
    DealerRecvHalf, DealerSendHalf, DealerSocket, Socket, SocketOptions, SocketRecv as _, SocketSend as _, SubSocket,
    ZmqError, ZmqMessage,
};

/// How often it is looked whether somebody listens.
const KNOCK: Duration = Duration::from_millis(10);
/// How long a handshake may take once somebody does.
const HANDSHAKE: Duration = Duration::from_secs(5);
/// How long a lost kernel is looked for: Jupyter starts one that has died again within seconds.
const RETRY: Duration = Duration::from_secs(10);
/// The same when it has said that it ends.
const ENDED: Duration = Duration::from_millis(300);
/// The same when it has said that it will be started again.
const RESTART: Duration = Duration::from_secs(30);
/// How often `kernel_info` is asked for until it is answered.
const ASK_AGAIN: Duration = Duration::from_secs(1);
/// A kernel that does not say what it is in this time is silent.
const SILENT: Duration = Duration::from_secs(10);
/// How often the heart is listened to.
const BEAT: Duration = Duration::from_secs(1);
/// So many beats unanswered: it has stopped.
const MISSED_BEATS: u32 = 5;

/// The link of one client.
pub(super) struct Link {
    pub info: ConnectionInfo,
    pub wire: Arc<Wire>,
    pub orders: UnboundedReceiver<Order>,
    pub waiting: Waiting,
    pub tell: Box<dyn Fn(Told) + Send>,
    /// How long the kernel may take to come up.
    pub patience: Duration,
}

/// Why serving ended.
enum Over {
    /// The client is dropped.
    Closed,
    /// The kernel hung up.
    Lost,
    /// There is no use in going on.
    Gone(Gone),
}

struct Sockets {
    to_shell: DealerSendHalf,
    shell: DealerRecvHalf,
    to_control: DealerSendHalf,
    control: DealerRecvHalf,
    to_stdin: DealerSendHalf,
    stdin: DealerRecvHalf,
    to_heart: DealerSendHalf,
    heart: DealerRecvHalf,
    iopub: SubSocket,
    /// The channels whose peer is gone, as they are found to be.
    hung_up: UnboundedReceiver<Channels>,
}

/// What has lost its peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Channels {
    Shell,
    Iopub,
}

impl Link {
    /// Until the client is dropped, or there is no kernel to be found.
    pub(super) async fn run(mut self) {
        let mut patience = self.patience;
        let mut known: Option<String> = None;
        loop {
            let sockets = match self.connect(patience).await {
                Ok(sockets) => sockets,
                Err(gone) => return self.end(gone),
            };
            let mut ending = None;
            match self.serve(sockets, &mut known, &mut ending).await {
                Over::Closed => return,
                Over::Gone(gone) => return self.end(gone),
                Over::Lost => (self.tell)(Told::Lost),
            }
            patience = match ending {
                Some(true) => RESTART,
                Some(false) => ENDED,
                None => RETRY,
            };
        }
    }

    fn end(&self, gone: Gone) {
        self.waiting.give_up();
        (self.tell)(Told::Gone(gone));
    }

    /// Waits until somebody listens, and opens the sockets.
    async fn connect(&mut self, patience: Duration) -> Result<Sockets, Gone> {
        let deadline = Instant::now() + patience;
        let mut pause = KNOCK;
        while !self.knock().await {
            if Instant::now() >= deadline {
                return Err(Gone::Nobody);
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(KNOCK * 10);
        }
        loop {
            match timeout(HANDSHAKE, self.open()).await {
                Ok(Ok(sockets)) => return Ok(sockets),
                Ok(Err(error)) => log::debug!("client: {error}"),
                Err(_) => return Err(Gone::Silent),
            }
            if Instant::now() >= deadline {
                return Err(Gone::Nobody);
            }
            tokio::time::sleep(KNOCK * 5).await;
        }
    }

    /// Whether all five addresses take connections.
    async fn knock(&self) -> bool {
        for (_, port) in connection::ports(&self.info) {
            let answered = match self.info.transport {
                Transport::TCP => {
                    let connecting = TcpStream::connect((self.info.ip.as_str(), port));
                    matches!(timeout(HANDSHAKE, connecting).await, Ok(Ok(_)))
                }
                Transport::IPC => UnixStream::connect(self.file(port)).await.is_ok(),
            };
            if !answered {
                return false;
            }
        }
        true
    }

    fn file(&self, port: u16) -> PathBuf {
        format!("{}-{port}", self.info.ip).into()
    }

    fn address(&self, port: u16) -> String {
        match self.info.transport {
            Transport::TCP => format!("tcp://{}:{port}", self.info.ip),
            Transport::IPC => format!("ipc://{}", self.file(port).display()),
        }
    }

    async fn open(&self) -> Result<Sockets, ZmqError> {
        // A kernel asks over the stdin channel who sent a cell over the shell channel: one identity for both.
        let identity = Bytes::copy_from_slice(self.wire.session().as_bytes());
        let (gone, hung_up) = tokio::sync::mpsc::unbounded_channel();
        let mut iopub = SubSocket::new();
        let mut lost = iopub.monitor();
        let gone_too = gone.clone();
        tokio::spawn(async move {
            while let Ok(event) = lost.recv().await {
                if matches!(event, zeromq::SocketEvent::Disconnected(_)) {
                    let _ = gone_too.send(Channels::Iopub);
                }
            }
        });
        iopub.connect(&self.address(self.info.iopub_port)).await?;
        iopub.subscribe("").await?;
        let mut shell = dealer(&identity)?;
        let mut lost = shell.monitor();
        tokio::spawn(async move {
            while let Ok(event) = lost.recv().await {
                if matches!(event, zeromq::SocketEvent::Disconnected(_)) {
                    let _ = gone.send(Channels::Shell);
                }
            }
        });
        let (mut control, mut stdin, mut heart) = (dealer(&identity)?, dealer(&identity)?, dealer(&identity)?);
        shell.connect(&self.address(self.info.shell_port)).await?;
        control.connect(&self.address(self.info.control_port)).await?;
        stdin.connect(&self.address(self.info.stdin_port)).await?;
        heart.connect(&self.address(self.info.hb_port)).await?;
        let (to_shell, shell) = shell.split();
        let (to_control, control) = control.split();
        let (to_stdin, stdin) = stdin.split();
        let (to_heart, heart) = heart.split();
        Ok(Sockets { to_shell, shell, to_control, control, to_stdin, stdin, to_heart, heart, iopub, hung_up })
    }

    /// Asks what the kernel is, then passes messages both ways.
    async fn serve(&mut self, mut sockets: Sockets, known: &mut Option<String>, ending: &mut Option<bool>) -> Over {
        let begun = Instant::now();
        let mut up = false;
        // Orders wait until the kernel has said what it is: one of another language gets none.
        let mut ask = tokio::time::interval(ASK_AGAIN);
        let mut beat = tokio::time::interval(BEAT);
        // After a pause of this process the beats that it left out are no sign of anything.
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut heart = Heart::default();
        let mut held: VecDeque<Order> = VecDeque::new();
        let mut unheard = false;
        loop {
            let heard = tokio::select! {
                message = sockets.iopub.recv() => (From::Iopub, message),
                message = sockets.shell.recv() => (From::Shell, message),
                message = sockets.control.recv() => (From::Control, message),
                message = sockets.stdin.recv() => (From::Stdin, message),
                message = sockets.heart.recv() => {
                    match message {
                        Ok(_) if heart.beats() => (self.tell)(Told::Alive(true)),
                        Ok(_) => {}
                        Err(_) => tokio::time::sleep(Duration::from_millis(1)).await,
                    }
                    continue;
                }
                lost = sockets.hung_up.recv() => match lost {
                    // The socket connects again by itself.
                    Some(Channels::Iopub) => {
                        unheard = true;
                        continue;
                    }
                    _ => return Over::Lost,
                },
                order = self.orders.recv() => {
                    let Some(order) = order else { return Over::Closed };
                    held.push_back(order);
                    while up && let Some(order) = held.pop_front() {
                        self.send(&mut sockets, order).await;
                    }
                    continue;
                }
                _ = beat.tick() => {
                    if up && heart.missed() {
                        (self.tell)(Told::Alive(false));
                    }
                    drop(sockets.to_heart.send(ZmqMessage::from(Bytes::from_static(b"beat"))).await);
                    continue;
                }
                _ = ask.tick(), if !up => {
                    if begun.elapsed() >= SILENT {
                        return Over::Gone(Gone::Silent);
                    }
                    let draft = Draft::new("kernel_info_request", &json!({}), json!({}));
                    drop(sockets.to_control.send(self.wire.write(&[], &draft)).await);
                    continue;
                }
            };
            let (from, message) = heard;
            let Ok(message) = message else {
                tokio::time::sleep(Duration::from_millis(1)).await;
                continue;
            };
            let message = match self.wire.read(message) {
                Ok(message) => message,
                Err(Refused::Signature) if !up => return Over::Gone(Gone::Key),
                Err(refused) => {
                    log::debug!("client: a message was refused: {refused}");
                    continue;
                }
            };
            if from == From::Iopub && std::mem::take(&mut unheard) {
                (self.tell)(Told::Missed);
            }
            if !up && from == From::Control && message.header.msg_type == "kernel_info_reply" {
                up = true;
                self.told_up(&message, known);
                while let Some(order) = held.pop_front() {
                    self.send(&mut sockets, order).await;
                }
                continue;
            }
            self.heard(from, &message, ending);
        }
    }

    fn told_up(&self, message: &Incoming, known: &mut Option<String>) {
        let info: Info = told::info(message);
        let replaced = known.as_ref().is_some_and(|run| *run != info.run);
        if replaced {
            // What the old one was asked stays unanswered.
            self.waiting.give_up();
        }
        *known = Some(info.run.clone());
        (self.tell)(Told::Up { info: Box::new(info), replaced });
    }

    async fn send(&self, sockets: &mut Sockets, order: Order) {
        let message = self.wire.write(&[], &order.draft);
        let sent = match order.way {
            Way::Request(Channel::Shell) => sockets.to_shell.send(message).await,
            Way::Request(Channel::Control) => sockets.to_control.send(message).await,
            Way::Answer => sockets.to_stdin.send(message).await,
        };
        if let Err(error) = sent {
            // Whoever waits for a reply hears that the connection is lost.
            log::debug!("client: {error}");
        }
    }

    fn heard(&self, from: From, message: &Incoming, ending: &mut Option<bool>) {
        match from {
            From::Iopub => {
                if let Some(told) = told::published(message, self.wire.session()) {
                    if let Told::Ending { restart } = told {
                        *ending = Some(restart);
                    }
                    (self.tell)(told);
                }
            }
            From::Stdin => {
                if message.header.msg_type == "input_request" {
                    (self.tell)(Told::Asked(Question {
                        prompt: told::text(&message.content, "prompt"),
                        password: message.content["password"] == true,
                        header: message.parent.clone(),
                    }));
                }
            }
            From::Shell | From::Control => {
                let Some(request) = message.answered() else { return };
                if message.header.msg_type == "execute_reply" {
                    let reply = Box::new(told::reply(&message.content));
                    (self.tell)(Told::Replied { cell: request.to_owned(), reply });
                } else {
                    self.waiting.answer(request, message.content.clone());
                }
            }
        }
    }
}

/// Where a message came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum From {
    Iopub,
    Shell,
    Control,
    Stdin,
}

/// The way that an order goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// A request on this channel.
    Request(Channel),
    /// An answer to what a cell has asked.
    Answer,
}

/// Whether the heart beats.
#[derive(Debug, Default)]
struct Heart {
    unanswered: u32,
    stopped: bool,
}

impl Heart {
    /// An echo came; whether it had stopped.
    fn beats(&mut self) -> bool {
        self.unanswered = 0;
        std::mem::take(&mut self.stopped)
    }

    /// One more beat is sent; whether the heart is found to have stopped by now.
    fn missed(&mut self) -> bool {
        self.unanswered += 1;
        let stops = self.unanswered > MISSED_BEATS && !self.stopped;
        self.stopped |= stops;
        stops
    }
}

fn dealer(identity: &Bytes) -> Result<DealerSocket, ZmqError> {
    let mut options = SocketOptions::default();
    options.peer_identity(PeerIdentity::try_from(identity.clone())?);
    Ok(DealerSocket::with_options(options))
}
