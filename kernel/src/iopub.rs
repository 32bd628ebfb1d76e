//! The iopub socket: sends what is published, and welcomes subscribers (JEP 65).

use crate::hub::Hub;
use crate::wire::Draft;
use bytes::Bytes;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use zeromq::{SocketRecv as _, SocketSend as _, XPubSocket, ZmqMessage};

/// Publishes until nobody can publish any more.
pub async fn serve(mut socket: XPubSocket, mut published: mpsc::Receiver<ZmqMessage>, hub: Arc<Hub>) {
    loop {
        tokio::select! {
            biased;
            subscription = socket.recv() => match subscription {
                Ok(message) => welcome(&mut socket, &message, &hub).await,
                Err(error) => {
                    log::debug!("iopub: {error}");
                    // An error that stays must not keep the loop from publishing.
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            },
            message = published.recv() => match message {
                Some(message) => send(&mut socket, message).await,
                None => return,
            },
        }
    }
}

async fn send(socket: &mut XPubSocket, message: ZmqMessage) {
    if let Err(error) = socket.send(message).await {
        log::debug!("iopub: a subscriber left: {error}");
    }
}

/// The first byte of a subscription is 1; the topic follows.
async fn welcome(socket: &mut XPubSocket, message: &ZmqMessage, hub: &Hub) {
    let Some([1, topic @ ..]) = message.get(0).map(|frame| &frame[..]) else { return };
    let content = json!({"subscription": String::from_utf8_lossy(topic)});
    let draft = Draft::new("iopub_welcome", &Value::Object(serde_json::Map::new()), content);
    let message = hub.wire.write(&[Bytes::copy_from_slice(topic)], &draft);
    send(socket, message).await;
}
