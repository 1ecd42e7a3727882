import { ITicket } from './protocol';
import { enter } from './room-entry';
import { ISocket } from './signalling';

/** A way by UDP is found within a second, or not at all. */
const CONNECT_WITHIN_MS = 4000;

export interface IProbeOptions {
  /** Tickets for a room that nobody else is in. */
  readonly fetchTickets: () => Promise<readonly ITicket[]>;
  readonly openSocket: () => ISocket;
}

/**
 * See whether UDP reaches the server from here, with a connection that carries nothing; rejects when
 * the server can't be asked at all.
 */
export async function isUdpOpen({
  fetchTickets,
  openSocket
}: IProbeOptions): Promise<boolean> {
  const [ticket] = await fetchTickets();
  const signalling = await enter(openSocket(), ticket, () => undefined);
  const connection = new RTCPeerConnection(signalling.configuration);
  try {
    const { mid } = await offerNothing(connection);
    const reply = await signalling.ask({
      type: 'publish',
      sdp: connection.localDescription?.sdp ?? '',
      tracks: { [mid ?? '']: 'microphone' },
      goes_on: {}
    });
    if (reply.type !== 'published') {
      return false;
    }
    await connection.setRemoteDescription({ type: 'answer', sdp: reply.sdp });
    return await connects(connection);
  } finally {
    connection.close();
    signalling.close();
  }
}

async function offerNothing(
  connection: RTCPeerConnection
): Promise<RTCRtpTransceiver> {
  const transceiver = connection.addTransceiver('audio', {
    direction: 'sendonly'
  });
  await connection.setLocalDescription();
  return transceiver;
}

function connects(connection: RTCPeerConnection): Promise<boolean> {
  return new Promise(resolve => {
    const timer = setTimeout(() => resolve(false), CONNECT_WITHIN_MS);
    const look = (): void => {
      const { connectionState: state } = connection;
      if (state === 'connected' || state === 'failed') {
        clearTimeout(timer);
        resolve(state === 'connected');
      }
    };
    connection.onconnectionstatechange = look;
    look();
  });
}
