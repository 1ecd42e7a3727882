const LEAST = 0.1;
const BACK_OFF = 0.7;
const GROWTH = 1.08;
/** How long what is sent may be under way, in ms. */
const FULL_MS = 400;
const STUCK_MS = 900;
/** Is under way on any line, and says nothing. */
const UNHEEDED_BYTES = 12_000;
const MEASURED_MS = 1000;
/** How often it is noted when something left, and how many journeys are remembered. */
const DEPARTURE_MS = 20;
const TRIPS = 50;

/**
 * How much the way to the server carries, by what it says has come: a socket's own buffer tells
 * nothing of the proxies behind it. Times are ms of the caller's clock.
 */
export class SendRate {
  /** The share of the usual bitrate to encode with, up to 1. */
  get share(): number {
    return this._share;
  }

  /** Whether pictures had better not be encoded now: they would come too late. */
  get isStuck(): boolean {
    return this._delay > STUCK_MS;
  }

  /** How long what is sent takes to be told of, in ms; null before that is known. */
  get roundTrip(): number | null {
    return this._trips.length > 0 ? Math.min(...this._trips) : null;
  }

  sent(bytes: number, now: number): void {
    this._sent += bytes;
    if (now - (this._departures.at(-1)?.at ?? -Infinity) > DEPARTURE_MS) {
      this._departures.push({ at: now, bytes: this._sent });
    }
  }

  /** The server's word for how many bytes have come in all. */
  received(bytes: number, now: number): void {
    this._marks.push({ at: now, bytes });
    while (this._marks.length > 2 && now - this._marks[0].at > MEASURED_MS) {
      this._marks.shift();
    }
    this._received = bytes;
    this._arrive(bytes, now);
  }

  /** Judge; call it twice a second. Whether the share is another one. */
  judge(now: number): boolean {
    const before = this._share;
    this._delay = this._measure(now);
    this._share =
      this._delay > FULL_MS
        ? Math.max(LEAST, this._share * BACK_OFF)
        : Math.min(1, this._share * GROWTH);
    return this._share !== before;
  }

  /** The quickest of the last ones waited least for the server's next word. */
  private _arrive(bytes: number, now: number): void {
    while (this._departures.length > 0 && this._departures[0].bytes <= bytes) {
      const [{ at }] = this._departures.splice(0, 1);
      this._trips.push(now - at);
    }
    this._trips.splice(0, this._trips.length - TRIPS);
  }

  private _measure(now: number): number {
    const waiting = this._sent - this._received;
    if (waiting < UNHEEDED_BYTES) {
      return 0;
    }
    const [first, last] = [this._marks.at(0), this._marks.at(-1)];
    if (!first || !last) {
      return 0;
    }
    const passed = Math.max(1, now - first.at);
    const perMs = (last.bytes - first.bytes) / passed;
    return perMs > 0 ? waiting / perMs : Infinity;
  }

  private readonly _marks: { readonly at: number; readonly bytes: number }[] =
    [];
  private readonly _departures: {
    readonly at: number;
    readonly bytes: number;
  }[] = [];
  private readonly _trips: number[] = [];
  private _sent = 0;
  private _received = 0;
  private _share = 1;
  private _delay = 0;
}
