import { IClock } from '../presence/activity';

/** The server takes five a second, of so many characters. */
const EVERY_MS = 400;
const LENGTH = 300;

/** A browser ends by itself after a silence; it is asked again, but not in a hurry. */
const AGAIN_MS = 1000;

/** Errors that trying again doesn't change (Web Speech API, section 4.1.5). */
const FINAL = ['not-allowed', 'service-not-allowed', 'language-not-supported'];

export interface IRecognitionResult extends ArrayLike<{
  readonly transcript: string;
}> {
  readonly isFinal: boolean;
}

/** What is used of a browser's SpeechRecognition. */
export interface IRecognition {
  continuous: boolean;
  interimResults: boolean;
  lang: string;
  onresult:
    | ((event: {
        readonly resultIndex: number;
        readonly results: ArrayLike<IRecognitionResult>;
      }) => void)
    | null;
  onerror: ((event: { readonly error: string }) => void) | null;
  onend: (() => void) | null;
  start(): void;
  stop(): void;
}

export interface ISpeechWriterOptions {
  readonly make: () => IRecognition;
  readonly tell: (text: string, isFinal: boolean) => void;
  readonly onRefused: () => void;
  readonly clock: IClock;
}

/** Writes down what I say, as long as it is wanted. */
export class SpeechWriter {
  constructor(private readonly _options: ISpeechWriterOptions) {}

  /** Listen to my microphone, in a language. */
  listen(lang: string): void {
    if (this._recognition) {
      return;
    }
    const recognition = this._options.make();
    recognition.continuous = recognition.interimResults = true;
    recognition.lang = lang;
    recognition.onresult = ({ resultIndex, results }) => {
      for (let index = resultIndex; index < results.length; index++) {
        const { isFinal } = results[index];
        this._tell(results[index][0].transcript, isFinal);
      }
    };
    recognition.onerror = ({ error }) => {
      if (FINAL.includes(error)) {
        this.stop();
        this._options.onRefused();
      }
    };
    recognition.onend = () => {
      this._cancel = this._options.clock.later(
        () => recognition.start(),
        AGAIN_MS
      );
    };
    this._recognition = recognition;
    recognition.start();
  }

  stop(): void {
    const { _recognition: recognition } = this;
    this._recognition = null;
    this._cancel?.();
    this._cancel = null;
    if (recognition) {
      recognition.onend = recognition.onresult = recognition.onerror = null;
      recognition.stop();
    }
  }

  private _tell(said: string, isFinal: boolean): void {
    const now = this._options.clock.now();
    const text = said.replace(/\s+/g, ' ').trim().slice(-LENGTH);
    if (isFinal || now - this._toldAt >= EVERY_MS) {
      this._toldAt = now;
      this._options.tell(text, isFinal);
    }
  }

  private _recognition: IRecognition | null = null;
  private _cancel: (() => void) | null = null;
  private _toldAt = -Infinity;
}

/** How to make one in this browser; null where it offers none. */
export function offeredRecognition(): (() => IRecognition) | null {
  const { SpeechRecognition, webkitSpeechRecognition } = window as {
    SpeechRecognition?: new () => IRecognition;
    webkitSpeechRecognition?: new () => IRecognition;
  };
  const Made = SpeechRecognition ?? webkitSpeechRecognition;
  return Made ? () => new Made() : null;
}
