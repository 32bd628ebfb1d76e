// Which kernels are Ironbook's, and how they are asked what the protocol has no words for.

const known = new WeakMap();
const ours = new WeakSet();
const failed = new WeakSet();

/** So long, in milliseconds, a kernel that has not said what it is is not asked again. */
const ASKED_AGAIN = 5000;

/** Whether a kernel is Ironbook's, once it has said what it is. */
async function isOurs(kernel) {
  if (!kernel || kernel.isDisposed) {
    return false;
  }
  if (!known.has(kernel)) {
    // What JupyterLab asked at the start it keeps, also where there was no answer.
    const told = failed.has(kernel) ? kernel.requestKernelInfo().then(reply => reply.content) : kernel.info;
    const asked = told.then(info => info.implementation === 'ironbook').catch(() => {
      failed.add(kernel);
      setTimeout(() => known.delete(kernel), ASKED_AGAIN);
      return false;
    });
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
