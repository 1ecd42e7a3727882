/** Whether this browser encodes and decodes by itself. */
export function canCarryFrames(): boolean {
  return (
    'VideoEncoder' in globalThis &&
    'AudioEncoder' in globalThis &&
    'AudioWorkletNode' in globalThis
  );
}
