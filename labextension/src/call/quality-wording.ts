import { TranslationBundle } from '@jupyterlab/translation';

import { ICaller } from './protocol';
import { Fault, Quality } from './quality';

export function qualityText(
  quality: Quality,
  trans: TranslationBundle
): string {
  switch (quality) {
    case 'good':
      return trans.__('Good connection');
    case 'weak':
      return trans.__('Weak connection');
    case 'bad':
      return trans.__('Bad connection');
  }
}

/** What one notices of somebody else's connection. */
export function othersQualityText(
  { display_name: name, quality }: ICaller,
  trans: TranslationBundle
): string {
  return quality === 'bad'
    ? trans.__('The connection of %1 is bad: picture and sound break up.', name)
    : trans.__('The connection of %1 is weak: the picture may freeze.', name);
}

/** What is wrong with my connection, what the others notice of it, and what to do. */
export function faultText(fault: Fault, trans: TranslationBundle): string {
  switch (fault.type) {
    case 'upload_slow':
      return trans.__(
        'Your upload is slow (%1): your camera is sent smaller. Sound comes first; switching the camera off leaves it more room.',
        bitrateText(fault.bitrate_bps, trans)
      );
    case 'loss_up':
      return trans.__(
        'Your connection loses %1 of what you send: the others may hear you broken. A cable, or being nearer to the Wi-Fi, helps.',
        percentText(fault.share, trans)
      );
    case 'loss_down':
      return trans.__(
        'Your connection loses %1 of what you get: sound and pictures may break up. A cable, or being nearer to the Wi-Fi, helps.',
        percentText(fault.share, trans)
      );
    case 'slow_answers':
      return trans.__(
        'The way to the server and back takes %1 ms: you and the others hear each other late.',
        fault.roundTrip_ms
      );
    case 'uneven':
      return trans.__(
        'Your connection is uneven (by %1 ms): sound and pictures may stutter.',
        fault.jitter_ms
      );
    case 'busy':
      return trans.__(
        'Your computer is too busy to send your camera in full: close other tabs or programs.'
      );
  }
}

export function bitrateText(bps: number, trans: TranslationBundle): string {
  return bps >= 1_000_000
    ? trans.__('%1 Mbit/s', (bps / 1_000_000).toFixed(1))
    : trans.__('%1 kbit/s', Math.round(bps / 1000));
}

export function percentText(share: number, trans: TranslationBundle): string {
  const percent = share * 100;
  return trans.__(
    '%1 %',
    percent > 0 && percent < 10 ? percent.toFixed(1) : Math.round(percent)
  );
}
