// Which kernels are Ironbook's, and how they are asked what the protocol has no words for.

const known = new WeakMap();
const ours = new WeakSet();

/** Whether a kernel is Ironbook's, once it has said what it is. */
async function isOurs(kernel) {
  if (!kernel || kernel.isDisposed) {
    return false;
  }
  if (!known.has(kernel)) {
    const asked = kernel.info.then(info => info.implementation === 'ironbook').catch(() => false);
    known.set(kernel, asked);
    asked.then(yes => yes && ours.add(kernel));
  }
  return known.get(kernel);
}

/** The same, as far as it is known by now. */
function isKnownAsOurs(kernel) {
  isOurs(kernel);
  return Boolean(kernel) && ours.has(kernel);
}

/** Sends a request of our own; its reply is all that comes, no status, so the kernel is not shown as busy. */
function ask(services, kernel, kind, content) {
  return new Promise((resolve, reject) => {
    const { clientId, username } = kernel;
    const message = services.KernelMessage.createMessage({
      channel: 'shell', msgType: `ironbook_${kind}_request`, session: clientId, username, content,
    });
    const future = kernel.sendShellMessage(message, true, true);
    // It is done with the reply, though to JupyterLab it is not without a status.
    future.done.catch(reject);
    future.onReply = reply => {
      resolve(reply.content);
      future.dispose();
    };
  });
}
