import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Parts } from '../parts.ts';
import { type Connection, createConnection } from './connection.ts';
import { closeCodes } from './frame-errors.ts';
import { createHandshakes, type Guest, refuseUpgrade } from './handshake.ts';
import type { Receiver } from './receiver.ts';

const authenticateWithinMs = 5_000;
const frameAllowance = 16 * 1024;
const bytesPerUnit = 6;
/** Clients of a node that stops reconnect within this time. */
const reconnectSpreadMs = 5_000;
const closeGraceMs = 1_000;
const closeAllWithinMs = 3_000;

export type SocketServerParts = Pick<Parts, 'config' | 'logger'> & {
  isOpen: () => boolean;
  receiver: Pick<Receiver, 'receive'>;
  /** Called after a socket has closed. */
  onClose: (connection: Connection) => Promise<void>;
};

/** Accepts sockets, and passes their frames to the receiver. */
export function createSocketServer({ config, logger, isOpen, receiver, onClose }: SocketServerParts) {
  const handshakes = createHandshakes(config);
  const connected = new Set<Connection>();
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: frameAllowance + bytesPerUnit * config.MESSAGE_MAX_CHARS,
  });

  function accept(ws: WebSocket, socket: Duplex, guest: Guest) {
    const connection = createConnection(ws, socket, {
      bufferBytes: config.REALTIME_BUFFER_BYTES,
      framesPerSecond: config.REALTIME_FRAMES_PER_SECOND,
    });
    guest.dismiss = () => connection.close(closeCodes.tooMany, 'others wait');
    connected.add(connection);
    connection.closeAfter(authenticateWithinMs, 'authenticate first');
    ws.on('message', (data, isBinary) => {
      guest.isSilent = false;
      void receiver
        .receive(connection, data, isBinary)
        .then(() => connection.session && handshakes.leave(guest));
    });
    // After a frame that breaks the protocol ws itself closes the socket with the right code.
    ws.on('error', (err) => logger.debug({ err, connection: connection.id }, 'a socket failed'));
    ws.once('close', () => {
      connected.delete(connection);
      void onClose(connection);
    });
  }

  return {
    upgrade(req: IncomingMessage, socket: Duplex, head: Buffer) {
      const status = isOpen() ? handshakes.refusal(req) : 503;
      if (status) return refuseUpgrade(socket, status);
      const guest = handshakes.enter(req);
      socket.once('close', () => handshakes.leave(guest));
      server.handleUpgrade(req, socket, head, (ws) => accept(ws, socket, guest));
    },
    isConnected: (connection: Connection) => connected.has(connection),
    connections: () => connected.size,
    /** Asks every client to reconnect after a delay of its own, and waits for the sockets to close. */
    async closeAll() {
      for (const connection of connected) {
        const hint = `reconnect_after_ms=${Math.round(Math.random() * reconnectSpreadMs)}`;
        connection.close(closeCodes.goingAway, hint, closeGraceMs);
      }
      const deadline = performance.now() + closeAllWithinMs;
      while (connected.size > 0 && performance.now() < deadline) await sleep(20);
    },
  };
}
