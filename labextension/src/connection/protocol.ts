/**
 * Frames of a document's websocket, both ways, without any I/O.
 *
 * The format is jupyter-collaboration's: a kind, then y-protocols' sync or awareness payload, or
 * a raw string for anything else (saving, notices).
 */
import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';

/** `WebSocket.OPEN`, without asking for the browser's class. */
export const OPEN = 1;

const SYNC = 0;
const AWARENESS = 1;
const RAW = 2;

const STEP_1 = 0;
const STEP_2 = 1;
const UPDATE = 2;

/** What the server can say. */
export type ServerFrame =
  | { type: 'state_vector'; state_vector: Uint8Array }
  | { type: 'missing'; update: Uint8Array }
  | { type: 'update'; update: Uint8Array }
  | { type: 'awareness'; update: Uint8Array }
  | { type: 'notice'; body: Readonly<Record<string, unknown>> }
  | { type: 'unknown' };

/** Read one frame; throws when it is truncated. */
export function readFrame(data: Uint8Array): ServerFrame {
  const decoder = decoding.createDecoder(data);
  switch (decoding.readVarUint(decoder)) {
    case SYNC:
      return readSync(decoder);
    case AWARENESS:
      return {
        type: 'awareness',
        update: decoding.readVarUint8Array(decoder)
      };
    case RAW:
      return readNotice(decoding.readVarString(decoder));
    default:
      return { type: 'unknown' };
  }
}

function readSync(decoder: decoding.Decoder): ServerFrame {
  const step = decoding.readVarUint(decoder);
  const payload = decoding.readVarUint8Array(decoder);
  switch (step) {
    case STEP_1:
      return { type: 'state_vector', state_vector: payload };
    case STEP_2:
      return { type: 'missing', update: payload };
    case UPDATE:
      return { type: 'update', update: payload };
    default:
      return { type: 'unknown' };
  }
}

function readNotice(text: string): ServerFrame {
  const body = parseObject(text);
  return body ? { type: 'notice', body } : { type: 'unknown' };
}

/** The object that `text` spells in JSON, or null. */
export function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null
      ? (value as Record<string, unknown>)
      : null;
  } catch (error) {
    if (error instanceof SyntaxError) {
      return null;
    }
    throw error;
  }
}

function sync(step: number, payload: Uint8Array): Uint8Array {
  return encoding.encode(encoder => {
    encoding.writeVarUint(encoder, SYNC);
    encoding.writeVarUint(encoder, step);
    encoding.writeVarUint8Array(encoder, payload);
  });
}

/** Ask for everything that `stateVector` doesn't cover. */
export const askForMissing = (stateVector: Uint8Array): Uint8Array =>
  sync(STEP_1, stateVector);

/** Answer the server's question for what it misses. */
export const sendMissing = (update: Uint8Array): Uint8Array =>
  sync(STEP_2, update);

/** Tell a new change. */
export const sendUpdate = (update: Uint8Array): Uint8Array =>
  sync(UPDATE, update);

/** Tell awareness states, as y-protocols encodes them. */
export function sendAwareness(update: Uint8Array): Uint8Array {
  return encoding.encode(encoder => {
    encoding.writeVarUint(encoder, AWARENESS);
    encoding.writeVarUint8Array(encoder, update);
  });
}

/** Ask the server to write the file now; its answer carries `id` back. */
export function requestSave(id: number): Uint8Array {
  return encoding.encode(encoder => {
    encoding.writeVarUint(encoder, RAW);
    encoding.writeVarString(encoder, 'save');
    encoding.writeVarUint(encoder, id);
  });
}
