import { connect, type Socket } from 'node:net';
import { answerParent } from '../worker.ts';
import { createDriver, type Load, type LoadResult, text60 } from './drive.ts';

export type XmppPlan = { port: number; accounts: string[]; password: string };

/**
 * Signs pairs of accounts in. A later question with a load measures messages from the first of each pair to the second.
 */
answerParent<{ plan: XmppPlan } | { load: Load }, LoadResult | undefined>(async (question) => {
  if ('load' in question) return driver?.run(question.load);
  driver = await connectAll(question.plan);
  return undefined;
});

let driver: ReturnType<typeof createDriver> | undefined;

const signInsAtOnce = 8;

async function connectAll({ port, accounts, password }: XmppPlan) {
  const sockets: Socket[] = [];
  for (let index = 0; index < accounts.length; index += signInsAtOnce) {
    const some = accounts.slice(index, index + signInsAtOnce);
    sockets.push(...(await Promise.all(some.map((account) => signIn(port, account, password)))));
  }
  const lanes = sockets.flatMap((socket, index) => {
    if (index % 2 === 1) return [];
    const to = `${accounts[index + 1]}@localhost/bench`;
    const send = (id: number) => {
      const text = `#${id}# ${text60}`.slice(0, 60);
      socket.write(`<message to='${to}' type='chat' id='${id}'><body>${text}</body></message>`);
    };
    return [{ send }];
  });
  const created = createDriver(lanes);
  for (const [index, socket] of sockets.entries()) {
    if (index % 2 === 1) listen(socket, created.arrived);
    else socket.resume();
  }
  return created;
}

const body = /<body>#(\d+)#/g;

/** Finds message bodies in the stream, even if a chunk ends inside one. */
function listen(socket: Socket, arrived: (id: number) => void) {
  let rest = '';
  socket.on('data', (data) => {
    const text = rest + data.toString('latin1');
    let end = 0;
    for (const match of text.matchAll(body)) {
      end = match.index + match[0].length;
      arrived(Number(match[1]));
    }
    // The rest may hold the beginning of a body.
    rest = text.slice(Math.max(end, text.length - 20));
  });
}

/** Follows RFC 6120: stream, SASL PLAIN, stream, bind, then presence. */
async function signIn(port: number, account: string, password: string): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  const stream =
    "<?xml version='1.0'?><stream:stream to='localhost' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>";
  const plain = Buffer.from(`\0${account}\0${password}`).toString('base64');
  await exchange(socket, stream, '</stream:features>');
  await exchange(
    socket,
    `<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${plain}</auth>`,
    '<success',
  );
  await exchange(socket, stream, '</stream:features>');
  const bind = "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>bench</resource></bind>";
  await exchange(socket, `<iq type='set' id='bind'>${bind}</iq>`, '</iq>');
  await exchange(socket, '<presence/>', '<presence');
  return socket;
}

/** Sends a stanza and waits for an answer that contains a text. */
function exchange(socket: Socket, sent: string, awaited: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let received = '';
    const timer = setTimeout(() => reject(new Error(`instead of ${awaited}: ${received}`)), 10_000);
    socket.once('error', reject);
    socket.on('data', function readAnswer(data) {
      received += data;
      if (!received.includes(awaited)) return;
      clearTimeout(timer);
      socket.off('data', readAnswer);
      socket.off('error', reject);
      resolve();
    });
    socket.write(sent);
  });
}
