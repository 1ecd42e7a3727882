/** What a call's connections carry, read from what browsers measure (W3C webrtc-stats). */

export type Direction = 'up' | 'down';

/** What keeps an encoder from sending all it could (RTCQualityLimitationReason). */
export type Limitation = 'none' | 'cpu' | 'bandwidth' | 'other';

/** The counters of one stream, as they were at a time. */
export interface IStream {
  /** The same in each sample. */
  readonly key: string;
  readonly direction: Direction;
  /** What the connection knows it by: the kind of what I send, or the track id of what I get. */
  readonly name: string;
  readonly isVideo: boolean;
  readonly codec: string;
  /** The simulcast layer; empty where there is one only. */
  readonly layer: string;
  readonly bytes: number;
  readonly packets: number;
  readonly lost: number;
  readonly frames: number;
  readonly width: number;
  readonly height: number;
  readonly jitter_s: number;
  /** For how long it was limited by what, in seconds. */
  readonly limited_s: Readonly<Partial<Record<Limitation, number>>>;
}

/** All counters at one time. */
export interface ISample {
  readonly at_ms: number;
  readonly roundTrip_s: number | null;
  /** How much the browser believes it could send. */
  readonly available_bps: number | null;
  readonly streams: readonly IStream[];
}

/** One connection's report, and what its streams are called by mid. */
export interface IConnectionReport {
  readonly direction: Direction;
  readonly report: Iterable<readonly [string, unknown]>;
  readonly names: Readonly<Record<string, string>>;
}

/** What one stream carried between two samples. */
export interface IRate extends IStream {
  readonly bitrate_bps: number;
  /** The share of packets that got lost, from 0 to 1. */
  readonly loss: number;
  readonly framesPerSecond: number;
  /** The share of the time in which something limited it. */
  readonly limited: Readonly<Partial<Record<Limitation, number>>>;
}

/** What a call's connections carried between two samples. */
export interface IMeasured {
  readonly roundTrip_ms: number | null;
  readonly available_bps: number | null;
  readonly rates: readonly IRate[];
}

/** Read a sample from what the browser reports of a call's connections. */
export function sampleOf(
  connections: readonly IConnectionReport[],
  at_ms: number
): ISample {
  const streams: IStream[] = [];
  let roundTrip_s: number | null = null;
  let available_bps: number | null = null;
  for (const { direction, report, names } of connections) {
    const entries = entriesOf(report);
    const pair = selectedPair(entries);
    roundTrip_s = largest(roundTrip_s, numberIn(pair, 'currentRoundTripTime'));
    if (direction === 'up') {
      available_bps = numberIn(pair, 'availableOutgoingBitrate');
    }
    const wanted = direction === 'up' ? 'outbound-rtp' : 'inbound-rtp';
    for (const entry of entries.values()) {
      const mid = textIn(entry, 'mid');
      if (entry.type === wanted && mid in names) {
        streams.push(streamOf(entry, entries, direction, names[mid]));
      }
    }
  }
  return { at_ms, roundTrip_s, available_bps, streams };
}

/** What was carried between two samples; streams of the later one that are new count from none. */
export function between(before: ISample, after: ISample): IMeasured {
  const seconds = Math.max(0.001, (after.at_ms - before.at_ms) / 1000);
  const known = new Map(before.streams.map(stream => [stream.key, stream]));
  return {
    roundTrip_ms:
      after.roundTrip_s === null ? null : Math.round(after.roundTrip_s * 1000),
    available_bps: after.available_bps,
    rates: after.streams.map(stream =>
      rateOf(known.get(stream.key), stream, seconds)
    )
  };
}

/** What all streams of a direction carried together, in bits a second. */
export function totalBitrate(
  measured: IMeasured,
  direction: Direction
): number {
  return measured.rates
    .filter(rate => rate.direction === direction)
    .reduce((sum, { bitrate_bps }) => sum + bitrate_bps, 0);
}

/** The share of a direction's packets that got lost. */
export function totalLoss(
  before: ISample,
  after: ISample,
  direction: Direction
): number {
  const known = new Map(before.streams.map(stream => [stream.key, stream]));
  let lost = 0;
  let packets = 0;
  for (const stream of after.streams) {
    if (stream.direction === direction) {
      const past = known.get(stream.key);
      lost += grown(past?.lost, stream.lost);
      packets += grown(past?.packets, stream.packets);
    }
  }
  return share(lost, packets, direction);
}

type Entry = Readonly<Record<string, unknown>>;

function entriesOf(
  report: Iterable<readonly [string, unknown]>
): ReadonlyMap<string, Entry> {
  const entries = new Map<string, Entry>();
  for (const [id, entry] of report) {
    if (typeof entry === 'object' && entry !== null) {
      entries.set(id, entry as Entry);
    }
  }
  return entries;
}

function selectedPair(entries: ReadonlyMap<string, Entry>): Entry | undefined {
  const all = [...entries.values()];
  const transport = all.find(({ type }) => type === 'transport');
  return (
    entries.get(textIn(transport, 'selectedCandidatePairId')) ??
    all.find(({ type, nominated }) => type === 'candidate-pair' && nominated)
  );
}

function streamOf(
  entry: Entry,
  entries: ReadonlyMap<string, Entry>,
  direction: Direction,
  name: string
): IStream {
  // What got lost on the way to the server, the server tells.
  const told =
    direction === 'up' ? entries.get(textIn(entry, 'remoteId')) : entry;
  const isUp = direction === 'up';
  const codec = textIn(entries.get(textIn(entry, 'codecId')), 'mimeType');
  return {
    key: `${direction} ${textIn(entry, 'id')}`,
    direction,
    name,
    isVideo: entry.kind === 'video',
    codec: codec.split('/').at(-1) ?? '',
    layer: textIn(entry, 'rid'),
    bytes: numberIn(entry, isUp ? 'bytesSent' : 'bytesReceived') ?? 0,
    packets: numberIn(entry, isUp ? 'packetsSent' : 'packetsReceived') ?? 0,
    lost: numberIn(told, 'packetsLost') ?? 0,
    frames: numberIn(entry, isUp ? 'framesEncoded' : 'framesDecoded') ?? 0,
    width: numberIn(entry, 'frameWidth') ?? 0,
    height: numberIn(entry, 'frameHeight') ?? 0,
    jitter_s: numberIn(told, 'jitter') ?? 0,
    limited_s: limitsIn(entry)
  };
}

function rateOf(
  before: IStream | undefined,
  stream: IStream,
  seconds: number
): IRate {
  const limited: Partial<Record<Limitation, number>> = {};
  for (const reason of ['cpu', 'bandwidth', 'other'] as const) {
    const time = grown(
      before?.limited_s[reason],
      stream.limited_s[reason] ?? 0
    );
    limited[reason] = Math.min(1, time / seconds);
  }
  return {
    ...stream,
    bitrate_bps: (grown(before?.bytes, stream.bytes) * 8) / seconds,
    loss: share(
      grown(before?.lost, stream.lost),
      grown(before?.packets, stream.packets),
      stream.direction
    ),
    framesPerSecond: grown(before?.frames, stream.frames) / seconds,
    limited
  };
}

/** Of what is sent the lost are a part; of what is got they are beside it. */
function share(lost: number, packets: number, direction: Direction): number {
  const all = direction === 'up' ? packets : packets + lost;
  return all <= 0 ? 0 : Math.min(1, lost / all);
}

/** How much a counter grew; one that began anew counts from none. */
function grown(before: number | undefined, after: number): number {
  return Math.max(
    0,
    before === undefined || before > after ? after : after - before
  );
}

function limitsIn(entry: Entry): Partial<Record<Limitation, number>> {
  const told = entry.qualityLimitationDurations;
  if (typeof told !== 'object' || told === null) {
    return {};
  }
  const durations = told as Entry;
  return {
    cpu: numberIn(durations, 'cpu') ?? 0,
    bandwidth: numberIn(durations, 'bandwidth') ?? 0,
    other: numberIn(durations, 'other') ?? 0
  };
}

function largest(one: number | null, other: number | null): number | null {
  return one === null || other === null ? (one ?? other) : Math.max(one, other);
}

function numberIn(entry: Entry | undefined, name: string): number | null {
  const value = entry?.[name];
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

function textIn(entry: Entry | undefined, name: string): string {
  const value = entry?.[name];
  return typeof value === 'string' ? value : '';
}
