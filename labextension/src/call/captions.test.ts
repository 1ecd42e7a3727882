import { Signal } from '@lumino/signaling';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { Captions, READ_MS } from './captions';
import { PassingMessage } from './protocol';
import {
  IRecognition,
  IRecognitionResult,
  SpeechWriter
} from './speech-writer';

const CLOCK = {
  now: () => Date.now(),
  later: (task: () => void, delayMs: number) => {
    const timer = setTimeout(task, delayMs);
    return () => clearTimeout(timer);
  }
};

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('Captions', () => {
  it('show what each said last, until it is read', () => {
    const passed = new Signal<object, PassingMessage>({});
    const captions = new Captions(passed, CLOCK);
    const say = (member_id: string, text: string): void =>
      passed.emit({ type: 'captioned', member_id, text, is_final: false });
    say('ada', 'Let');
    say('ada', 'Let us begin');
    say('bo', 'Yes');
    const texts = (): string[] => captions.shown.map(({ text }) => text);
    expect(texts()).toEqual(['Let us begin', 'Yes']);
    say('bo', '');
    expect(texts()).toEqual(['Let us begin']);
    vi.advanceTimersByTime(READ_MS);
    expect(texts()).toEqual([]);
  });
});

class Recognition implements IRecognition {
  continuous = false;
  interimResults = false;
  lang = '';
  onresult: IRecognition['onresult'] = null;
  onerror: IRecognition['onerror'] = null;
  onend: IRecognition['onend'] = null;
  starts = 0;
  start(): void {
    this.starts++;
  }
  stop(): void {
    this.onend?.();
  }
  say(text: string, isFinal: boolean): void {
    const result: IRecognitionResult = Object.assign([{ transcript: text }], {
      isFinal
    });
    this.onresult?.({ resultIndex: 0, results: [result] });
  }
}

function writer(): {
  speech: SpeechWriter;
  recognition: Recognition;
  told: string[];
  refused: () => void;
} {
  const recognition = new Recognition();
  const told: string[] = [];
  const refused = vi.fn();
  const speech = new SpeechWriter({
    make: () => recognition,
    tell: (text, isFinal) => told.push(isFinal ? `${text}.` : text),
    onRefused: refused,
    clock: CLOCK
  });
  return { speech, recognition, told, refused };
}

describe('SpeechWriter', () => {
  it('tells what is said, not too often, and every end of a sentence', () => {
    const { speech, recognition, told } = writer();
    speech.listen('en');
    expect(recognition).toMatchObject({ lang: 'en', continuous: true });
    recognition.say('Let', false);
    recognition.say('Let us', false);
    recognition.say('Let us begin', true);
    expect(told).toEqual(['Let', 'Let us begin.']);
    vi.advanceTimersByTime(1000);
    expect(told).toEqual(['Let', 'Let us begin.']);
    recognition.say('two\nlines ' + 'x'.repeat(400), false);
    expect(told[2]).toHaveLength(300);
    expect(told[2]).not.toContain('\n');
  });

  it('goes on when the browser pauses, and ends when told to', () => {
    const { speech, recognition } = writer();
    speech.listen('en');
    recognition.onend?.();
    vi.advanceTimersByTime(5000);
    expect(recognition.starts).toBe(2);
    speech.stop();
    vi.advanceTimersByTime(60_000);
    expect(recognition.starts).toBe(2);
  });

  it('gives up where the browser refuses', () => {
    const { speech, recognition, refused } = writer();
    speech.listen('en');
    recognition.onerror?.({ error: 'not-allowed' });
    recognition.onend?.();
    vi.advanceTimersByTime(60_000);
    expect(refused).toHaveBeenCalledTimes(1);
    expect(recognition.starts).toBe(1);
  });
});
