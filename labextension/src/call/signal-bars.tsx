import { TranslationBundle } from '@jupyterlab/translation';
import { classes } from '@jupyterlab/ui-components';
import React from 'react';

import { Quality } from './quality';
import { qualityText } from './quality-wording';

const BARS: Readonly<Record<Quality, number>> = { good: 3, weak: 2, bad: 1 };

/** How good a connection is, as bars; by their number and not by colour alone. */
export function SignalBars({
  quality,
  text,
  trans
}: {
  readonly quality: Quality;
  /** What it means, where it isn't one's own connection. */
  readonly text?: string;
  readonly trans: TranslationBundle;
}): React.JSX.Element {
  const said = text ?? qualityText(quality, trans);
  return (
    <span
      className={classes('csx-Call-bars', `csx-mod-${quality}`)}
      role="img"
      aria-label={said}
      title={said}
    >
      {[1, 2, 3].map(bar => (
        <span key={bar} className={bar <= BARS[quality] ? 'csx-mod-on' : ''} />
      ))}
    </span>
  );
}
