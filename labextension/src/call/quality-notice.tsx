import { TranslationBundle } from '@jupyterlab/translation';
import { UseSignal } from '@jupyterlab/ui-components';
import React from 'react';

import { ConnectionWatch } from './connection-watch';
import { faultText } from './quality-wording';

/** What is wrong with my connection, the worst of it, as long as it is. */
export function QualityNotice({
  connection,
  trans
}: {
  readonly connection: ConnectionWatch;
  readonly trans: TranslationBundle;
}): React.JSX.Element {
  return (
    <UseSignal signal={connection.changed}>
      {() => {
        const { quality, faults } = connection.verdict;
        return (
          <div role="status">
            {quality !== 'good' && faults.length > 0 && (
              <p className="csx-Call-notice csx-Call-fault csx-mod-warning">
                {faultText(faults[0], trans)}
              </p>
            )}
          </div>
        );
      }}
    </UseSignal>
  );
}
