/**
 * A client that is none of ours: yjs and y-websocket, as their authors publish them.
 *
 * Arguments: address of the rooms, room, lineage, token. Takes commands as lines of JSON on its
 * input, and writes the document and everybody's state as a line of JSON whenever one changes.
 */
import { createInterface } from 'node:readline';

import WebSocket from 'ws';
import { WebsocketProvider } from 'y-websocket';
import * as Y from 'yjs';

const [rooms, room, sessionId, token] = process.argv.slice(2);
const doc = new Y.Doc();
const text = doc.getText('source');
const provider = new WebsocketProvider(rooms, room, doc, {
  WebSocketPolyfill: WebSocket,
  disableBc: true,
  params: { sessionId, token }
});
const tell = () => {
  const people = Object.fromEntries(provider.awareness.getStates());
  const line = {
    text: text.toString(),
    is_synced: provider.synced,
    client_id: doc.clientID,
    people
  };
  process.stdout.write(`${JSON.stringify(line)}\n`);
};
doc.on('update', tell);
provider.on('sync', tell);
provider.on('status', tell);
provider.awareness.on('change', tell);

const commands = {
  insert: ({ at, words }) => text.insert(at ?? text.length, words),
  say: ({ state }) => provider.awareness.setLocalState(state),
  disconnect: () => provider.disconnect(),
  connect: () => provider.connect()
};
const lines = createInterface({ input: process.stdin });
lines.on('line', line => {
  const command = JSON.parse(line);
  commands[command.do](command);
});
lines.on('close', () => {
  provider.destroy();
  process.exit(0);
});
