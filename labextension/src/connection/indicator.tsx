import { ReactWidget } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import {
  checkIcon,
  circleEmptyIcon,
  circleIcon,
  errorIcon,
  LabIcon,
  offlineBoltIcon,
  refreshIcon
} from '@jupyterlab/ui-components';
import { ISignal } from '@lumino/signaling';
import React from 'react';

import { warningIcon } from './icons';
import { ILinkStatus, LinkState } from './link-status';
import { wordStatus } from './wording';

const ICONS: Record<LinkState, LabIcon> = {
  connecting: circleEmptyIcon,
  live: circleIcon,
  saving: refreshIcon,
  saved: checkIcon,
  unsaved: warningIcon,
  offline: offlineBoltIcon,
  refused: errorIcon
};

interface IIndicatorOptions {
  /** The status to show, or null for none. */
  status: () => ILinkStatus | null;
  changed: ISignal<unknown, unknown>;
  trans: TranslationBundle;
  onClick: () => void;
  /** Say nothing while all is well. */
  isQuiet?: boolean;
}

/** Nothing that anybody has to know of; a slow moment isn't either. */
const WELL: ReadonlySet<LinkState> = new Set([
  'connecting',
  'live',
  'saving',
  'saved'
]);

/** Says in a word how a document's line is. */
export class ConnectionIndicator extends ReactWidget {
  constructor(private readonly options: IIndicatorOptions) {
    super();
    this.addClass('csx-connection');
    this.node.setAttribute('role', 'status');
    this.node.setAttribute('aria-live', 'polite');
    options.changed.connect(this.refresh);
    this.refresh();
  }

  override dispose(): void {
    this.options.changed.disconnect(this.refresh);
    super.dispose();
  }

  protected override render(): React.JSX.Element | null {
    const { trans, onClick } = this.options;
    const status = this.visibleStatus();
    if (!status) {
      return null;
    }
    const { label, explanation } = wordStatus(status, trans);
    const whole = `${label}${/[.…]$/.test(label) ? '' : '.'} ${explanation}`;
    const Icon = ICONS[status.state].react;
    return (
      <button
        type="button"
        className={`csx-connection-button csx-mod-${status.state}`}
        title={whole}
        aria-label={whole}
        onClick={onClick}
      >
        <Icon tag="span" className="csx-connection-icon" />
        <span className="csx-connection-label">{label}</span>
      </button>
    );
  }

  private visibleStatus(): ILinkStatus | null {
    const status = this.options.status();
    const isWell = status !== null && WELL.has(status.state);
    return this.options.isQuiet && isWell ? null : status;
  }

  /** Look again. */
  readonly refresh = (): void => {
    this.setHidden(this.visibleStatus() === null);
    this.update();
  };
}
