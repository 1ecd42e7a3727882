import { playOn } from './loudspeaker';

/** A chord from below to above, in Hz. */
const NOTES_HZ = [392, 494, 587];
const NOTE_S = 0.22;
const VOLUME = 0.25;

/** Play three notes on a loudspeaker, to hear whether it is the right one. */
export async function playTestSound(device: string): Promise<void> {
  const context = new AudioContext();
  const output = context.createMediaStreamDestination();
  const element = new Audio();
  element.srcObject = output.stream;
  try {
    await playOn(element, device);
    await element.play();
    const end = context.currentTime + NOTE_S * NOTES_HZ.length;
    NOTES_HZ.forEach((frequency_hz, index) => {
      const begin = context.currentTime + index * NOTE_S;
      const note = context.createOscillator();
      const gain = context.createGain();
      note.frequency.value = frequency_hz;
      gain.gain.setValueAtTime(VOLUME, begin);
      gain.gain.exponentialRampToValueAtTime(0.001, end + NOTE_S);
      note.connect(gain).connect(output);
      note.start(begin);
      note.stop(end + NOTE_S);
    });
    const length_ms = 1000 * NOTE_S * (NOTES_HZ.length + 1);
    await new Promise(resolve => setTimeout(resolve, length_ms));
  } finally {
    element.srcObject = null;
    await context.close();
  }
}
