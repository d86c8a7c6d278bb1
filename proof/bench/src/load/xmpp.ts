import { connect, type Socket } from 'node:net';
import { text60 } from '../people.ts';
import { answerParent } from '../worker.ts';
import { createDriver, type Load, type LoadResult } from './drive.ts';

export type XmppPlan = { port: number; accounts: string[]; password: string };

/** Signs pairs of accounts in, or with a load measures messages from each first to its second. */
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
    if (index % 2 === 1) listen(socket, created.heard);
    else socket.resume();
  }
  return created;
}

const body = /<body>#(\d+)#/g;

/** Bodies of messages, wherever the bytes of the stream are cut. */
function listen(socket: Socket, heard: (id: number) => void) {
  let rest = '';
  socket.on('data', (data) => {
    const text = rest + data.toString('latin1');
    let end = 0;
    for (const match of text.matchAll(body)) {
      end = match.index + match[0].length;
      heard(Number(match[1]));
    }
    // What may be the beginning of a body.
    rest = text.slice(Math.max(end, text.length - 20));
  });
}

/** RFC 6120: stream, SASL PLAIN, stream, bind; then available. */
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

/** Sends, and waits for an answer that holds a text. */
function exchange(socket: Socket, sent: string, awaited: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let heard = '';
    const timer = setTimeout(() => reject(new Error(`instead of ${awaited}: ${heard}`)), 10_000);
    socket.once('error', reject);
    socket.on('data', function look(data) {
      heard += data;
      if (!heard.includes(awaited)) return;
      clearTimeout(timer);
      socket.off('data', look);
      socket.off('error', reject);
      resolve();
    });
    socket.write(sent);
  });
}
