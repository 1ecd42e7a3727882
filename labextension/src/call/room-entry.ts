import { ITicket, ServerMessage } from './protocol';
import { CallError, connectionLost, ISocket, Signalling } from './signalling';

/** Somebody who is let in is so within a second, or not at all. */
const ENTER_WITHIN_MS = 8000;

/** Come into a room; rejects with CallError when there is no way in. */
export function enter(
  socket: ISocket,
  ticket: ITicket,
  onMessage: (message: ServerMessage) => void
): Promise<Signalling> {
  return new Promise((resolve, reject) => {
    const signalling = new Signalling({
      onMessage: message => {
        if (message.type === 'room') {
          clearTimeout(timer);
          resolve(signalling);
        }
        onMessage(message);
      },
      onClosed: ({ code, message }) => {
        clearTimeout(timer);
        reject(new CallError(code, message));
      }
    });
    const timer = setTimeout(() => {
      signalling.close();
      reject(connectionLost());
    }, ENTER_WITHIN_MS);
    signalling.attach(socket, ticket);
  });
}
