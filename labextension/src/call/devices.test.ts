import { describe, expect, it } from 'vitest';

import { faultOf, readChoices } from './devices';

describe('what is wrong with a device', () => {
  it.each([
    ['NotAllowedError', 'refused'],
    ['NotFoundError', 'none'],
    ['OverconstrainedError', 'none'],
    ['NotReadableError', 'in_use'],
    ['TypeError', 'unknown']
  ])('%s is %s', (name, fault) => {
    expect(faultOf(name)).toBe(fault);
  });
});

describe('readChoices', () => {
  it.each([null, 'x', 7, [], {}, { microphone: 3, isCameraOn: 'maybe' }])(
    'makes the first choices of %j',
    value => {
      expect(readChoices(value)).toEqual({
        microphone: '',
        camera: '',
        isMicrophoneOn: true,
        isCameraOn: true,
        speaker: '',
        isBlurred: false,
        isPushToTalk: false
      });
    }
  );

  it('keeps what was chosen', () => {
    const chosen = {
      microphone: 'a',
      camera: 'b',
      isMicrophoneOn: false,
      isCameraOn: false,
      speaker: 'c',
      isBlurred: true,
      isPushToTalk: true
    };
    expect(readChoices(chosen)).toEqual(chosen);
  });
});
