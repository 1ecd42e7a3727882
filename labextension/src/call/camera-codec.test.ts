import { expect, it } from 'vitest';

import { CameraCodec, cameraEncoding } from './camera-codec';

const KNOWN = ['VP8', 'VP9', 'AV1', 'rtx'].map(name => ({
  mimeType: `video/${name}`,
  clockRate: 90_000
}));

function encoding(wanted: CameraCodec, isEncoded = true, known = KNOWN) {
  return cameraEncoding(
    wanted,
    () => Promise.resolve(isEncoded),
    () => known
  );
}

it.each(['automatic', 'VP8'] as const)(
  'sends three streams by default (%s)',
  async wanted => {
    const { layers, codecs } = await encoding(wanted);
    expect(layers.map(({ rid }) => rid)).toEqual(['q', 'h', 'f']);
    expect(codecs).toBeNull();
  }
);

it.each(['VP9', 'AV1'] as const)(
  'sends %s in one stream with layers inside, and what repairs it',
  async wanted => {
    const { layers, codecs } = await encoding(wanted);
    expect(layers).toEqual([{ scalabilityMode: 'L3T3_KEY' }]);
    expect(codecs?.map(({ mimeType }) => mimeType)).toEqual([
      `video/${wanted}`,
      'video/rtx'
    ]);
  }
);

it('leaves out profiles that not every decoder takes', async () => {
  const wide = { ...KNOWN[1], sdpFmtpLine: 'profile-id=2' };
  const { codecs } = await encoding('VP9', true, [wide, ...KNOWN]);
  expect(codecs).not.toContain(wide);
  expect(codecs).toContain(KNOWN[1]);
});

it('keeps to what everybody has where the browser can’t', async () => {
  const layers = (await encoding('AV1', false)).layers;
  expect(layers).toHaveLength(3);
  expect((await encoding('AV1', true, [KNOWN[0]])).layers).toHaveLength(3);
});
