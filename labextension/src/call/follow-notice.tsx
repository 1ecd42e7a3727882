import { Notification } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import { closeIcon, UseSignal } from '@jupyterlab/ui-components';
import React from 'react';

import { FollowOffer, IPresenter, OFFERED_MS } from './presenter';

interface IFollowNoticeProps {
  readonly offer: FollowOffer;
  readonly trans: TranslationBundle;
}

/** Says who shares a screen and offers to follow them, over the lowest of the people. */
export function FollowNotice({
  offer,
  trans
}: IFollowNoticeProps): React.JSX.Element {
  const close = trans.__('Close');
  return (
    // The region is there before its text, else nobody reads that out.
    <div className="csx-Call-offer" role="status">
      <UseSignal signal={offer.changed}>
        {() =>
          offer.presenter && (
            <div className="csx-Call-notice">
              <span>{newsOf(offer.presenter, trans)}</span>
              <button
                className="csx-Button"
                title={captionOf(trans)}
                onClick={() => offer.accept()}
              >
                {followText(offer.presenter, trans)}
              </button>
              <button
                className="csx-Call-offerClose"
                aria-label={close}
                title={close}
                onClick={() => offer.putAway()}
              >
                <closeIcon.react tag="span" className="csx-Call-icon" />
              </button>
            </div>
          )
        }
      </UseSignal>
    </div>
  );
}

/** Say the same to somebody who doesn't see the panel. */
export function notifyOf(offer: FollowOffer, trans: TranslationBundle): void {
  const { presenter } = offer;
  if (!presenter) {
    return;
  }
  const id = Notification.info(newsOf(presenter, trans), {
    autoClose: OFFERED_MS,
    actions: [
      {
        label: followText(presenter, trans),
        caption: captionOf(trans),
        callback: () => {
          offer.accept();
          Notification.dismiss(id);
        }
      }
    ]
  });
}

function newsOf({ name }: IPresenter, trans: TranslationBundle): string {
  return trans.__('%1 shares a screen.', name);
}

function followText({ name }: IPresenter, trans: TranslationBundle): string {
  return trans.__('Follow %1', name);
}

function captionOf(trans: TranslationBundle): string {
  return trans.__('Let your view go where theirs goes');
}
