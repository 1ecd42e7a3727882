/** How long checks may find no way to the server before its UDP port counts as out of reach. */
export const CHECKS_MS = 7000;

type Watched = Pick<
  RTCPeerConnection,
  'iceConnectionState' | 'connectionState' | 'addEventListener'
>;

/** Notices when a network lets no media through to the server. */
export class Reach {
  constructor(private readonly _onBlocked: () => void) {}

  /** Look whether a new connection finds its way. */
  watch(connection: Watched): void {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isThere = false;
    const judge = (): void => {
      clearTimeout(timer);
      if (!isThere && connection.connectionState !== 'closed') {
        this._onBlocked();
      }
    };
    connection.addEventListener('iceconnectionstatechange', () => {
      switch (connection.iceConnectionState) {
        case 'checking':
          timer ??= setTimeout(judge, CHECKS_MS);
          break;
        case 'connected':
        case 'completed':
          isThere = true;
          break;
        case 'failed':
          judge();
          break;
      }
    });
  }
}
