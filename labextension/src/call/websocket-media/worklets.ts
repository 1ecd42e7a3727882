/** What runs on the browser's audio thread: two processors, as the text of their module. */

export const CAPTURE = 'csx-capture';
export const PLAY = 'csx-play';

/**
 * The first sends 20 ms of sound at a time to a port. The second plays what a port brings: it holds
 * back some 60 ms against uneven arrival, more after each gap, and lets go of what is too much.
 */
const SOURCE = `
class Capture extends AudioWorkletProcessor {
  constructor() {
    super();
    this.size = Math.round(sampleRate / 50);
    this.samples = new Float32Array(this.size);
    this.filled = 0;
    this.port.onmessage = ({ data }) => { this.out = data; };
  }
  process([input]) {
    const channels = input.length;
    if (!channels || !this.out) return true;
    for (let at = 0; at < input[0].length; at++) {
      let sum = 0;
      for (const channel of input) sum += channel[at];
      this.samples[this.filled++] = sum / channels;
      if (this.filled === this.size) {
        const full = this.samples;
        this.out.postMessage(full, [full.buffer]);
        this.samples = new Float32Array(this.size);
        this.filled = 0;
      }
    }
    return true;
  }
}
class Play extends AudioWorkletProcessor {
  constructor() {
    super();
    this.queue = [];
    this.offset = 0;
    this.buffered = 0;
    this.target = 0.06 * sampleRate;
    this.isWaiting = true;
    this.port.onmessage = ({ data }) => {
      if (data === null) { this.isOver = true; return; }
      data.onmessage = event => this.take(event.data);
    };
  }
  take(channels) {
    this.queue.push(channels);
    this.buffered += channels[0].length;
    if (this.buffered > this.target + 0.2 * sampleRate) {
      while (this.buffered > this.target && this.queue.length > 1) {
        this.buffered -= this.queue.shift()[0].length - this.offset;
        this.offset = 0;
      }
    }
  }
  process(_, [output]) {
    if (this.isWaiting && this.buffered >= this.target) this.isWaiting = false;
    if (!this.isWaiting) this.fill(output);
    return !this.isOver;
  }
  fill(output) {
    let at = 0;
    while (at < output[0].length && this.queue.length) {
      const first = this.queue[0];
      const count = Math.min(output[0].length - at, first[0].length - this.offset);
      output.forEach((channel, index) => channel.set(
        first[Math.min(index, first.length - 1)].subarray(this.offset, this.offset + count), at));
      at += count;
      this.offset += count;
      this.buffered -= count;
      if (this.offset === first[0].length) { this.queue.shift(); this.offset = 0; }
    }
    if (at < output[0].length) {
      this.isWaiting = true;
      this.target = Math.min(0.25 * sampleRate, this.target + 0.02 * sampleRate);
    } else {
      this.target = Math.max(0.04 * sampleRate, this.target - 0.01);
    }
  }
}
registerProcessor('${CAPTURE}', Capture);
registerProcessor('${PLAY}', Play);
`;

/** Have an audio context know both. */
export async function addWorklets(context: AudioContext): Promise<void> {
  const url = URL.createObjectURL(
    new Blob([SOURCE], { type: 'text/javascript' })
  );
  try {
    await context.audioWorklet.addModule(url);
  } finally {
    URL.revokeObjectURL(url);
  }
}
