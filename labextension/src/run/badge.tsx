import { LabIcon } from '@jupyterlab/ui-components';
import { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { IRun } from './api';
import {
  failedIcon,
  stoppedIcon,
  succeededIcon,
  underWayIcon,
  waitingIcon
} from './icons';
import { elapsed, share, stateText } from './wording';

/** How a run is, told by a shape, a colour and (elsewhere) words. */
export function Badge({ run }: { readonly run: IRun }): React.JSX.Element {
  const Icon = iconOf(run);
  return (
    <Icon.react
      tag="span"
      className={`csx-Run-badge csx-mod-${run.is_over ? run.state : 'active'}`}
    />
  );
}

function iconOf({ state }: IRun): LabIcon {
  switch (state) {
    case 'succeeded':
      return succeededIcon;
    case 'failed':
    case 'lost':
    case 'timed_out':
      return failedIcon;
    case 'stopped':
      return stoppedIcon;
    case 'queued':
      return waitingIcon;
    default:
      return underWayIcon;
  }
}

interface IProgressProps {
  readonly run: IRun;
  readonly nowS: number;
  readonly trans: TranslationBundle;
}

/** How far a run is: of its time while it runs, and just that something goes on else. */
export function Progress(props: IProgressProps): React.JSX.Element {
  const { run, nowS, trans } = props;
  const label = `${run.title}: ${stateText(run, trans)}`;
  const taken = run.state === 'running' ? elapsed(run, nowS) : null;
  return taken === null ? (
    <progress className="csx-Run-progress" aria-label={label} />
  ) : (
    <progress
      className="csx-Run-progress"
      aria-label={label}
      value={share(taken, run.time_limit_s)}
    />
  );
}

/** The time in seconds, anew each second as long as it matters. */
export function useNow(isTicking: boolean): number {
  const [now, setNow] = React.useState(() => Date.now() / 1000);
  React.useEffect(() => {
    setNow(Date.now() / 1000);
    if (!isTicking) {
      return undefined;
    }
    const timer = setInterval(() => setNow(Date.now() / 1000), 1000);
    return () => clearInterval(timer);
  }, [isTicking]);
  return now;
}
