import { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget, UseSignal } from '@jupyterlab/ui-components';
import { ISignal } from '@lumino/signaling';
import * as React from 'react';

import { shareIcon } from './icons';

export interface ITopBarOptions {
  readonly changed: ISignal<unknown, void>;
  readonly trans: TranslationBundle;
  /** What I am here; empty where that goes without saying. */
  readonly badge: () => string;
  readonly canShare: () => boolean;
  readonly explain: () => void;
  readonly share: () => void;
}

/** In the top bar: what I am here, and the button to share. */
export class AccessTopBar extends ReactWidget {
  constructor(private readonly options: ITopBarOptions) {
    super();
    this.addClass('csx-AccessTopBar');
  }

  protected override render(): React.JSX.Element {
    const { changed, trans, badge, canShare, explain, share } = this.options;
    return (
      <UseSignal signal={changed}>
        {() => {
          const text = badge();
          return (
            <>
              {text !== '' && (
                <button
                  type="button"
                  className="csx-AccessBadge"
                  aria-label={trans.__('Your access: %1', text)}
                  title={trans.__('What you may do here')}
                  onClick={explain}
                >
                  {text}
                </button>
              )}
              {canShare() && (
                <button
                  type="button"
                  className="csx-ShareButton"
                  title={trans.__('Share with others')}
                  onClick={share}
                >
                  <shareIcon.react tag="span" className="csx-zone-icon" />
                  <span className="csx-ShareButton-text">
                    {trans.__('Share')}
                  </span>
                </button>
              )}
            </>
          );
        }}
      </UseSignal>
    );
  }
}
