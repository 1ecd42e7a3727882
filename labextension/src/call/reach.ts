/** How long checks may find no way to the server before its UDP port counts as out of reach. */
export const CHECKS_MS = 7000;
/** And where it was out of reach before. */
export const CHECKS_AGAIN_MS = 2500;

type Watched = Pick<
  RTCPeerConnection,
  'iceConnectionState' | 'connectionState' | 'addEventListener'
>;

/** Notices when a network lets no media through to the server. */
export class Reach {
  constructor(
    private readonly _onBlocked: () => void,
    private readonly _patience_ms: () => number = () => CHECKS_MS
  ) {}

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
          timer ??= setTimeout(judge, this._patience_ms());
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
