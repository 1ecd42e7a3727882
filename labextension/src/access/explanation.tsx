import { Dialog, ReactWidget, showDialog } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { IMe, IPathAccess, Permission } from '../api/access';
import { levelName, permissionName, PERMISSIONS } from './roles';
import { rangeText } from './wording';

/** Tell what I may do on the project and in the document in front. */
export async function explainAccess(
  me: IMe,
  here: IPathAccess | null | undefined,
  trans: TranslationBundle
): Promise<void> {
  await showDialog({
    title: trans.__('What you may do here'),
    body: ReactWidget.create(
      <div className="csx-Explanation">
        <p>
          {me.is_guest
            ? trans.__(
                'You are here as the guest %1, by an invite link.',
                me.name
              )
            : trans.__('You are here as %1.', me.name)}
        </p>
        <Part
          title={trans.__('In the whole project')}
          level={levelName(
            { role: me.is_owner ? 'owner' : null, permissions: me.permissions },
            trans
          )}
          permissions={me.permissions}
          trans={trans}
        />
        {here && (
          <Part
            title={here.path || trans.__('Here')}
            level={levelName(
              { role: null, permissions: here.permissions },
              trans
            )}
            permissions={here.permissions}
            why={here.why}
            trans={trans}
          >
            {here.ranges
              .filter(range => range.mine !== null)
              .map(range => (
                <li key={range.id}>
                  {range.mine?.includes('edit')
                    ? trans.__('%1: yours to change', rangeText(range, trans))
                    : trans.__('%1: only to read', rangeText(range, trans))}
                </li>
              ))}
          </Part>
        )}
        {!me.is_trusted && (
          <p>
            {me.has_kernels
              ? trans.__(
                  'Your notebook kernels and terminals run in sandboxes, on the files that you may read. What they write stays there.'
                )
              : trans.__(
                  'Notebook kernels and terminals are only for people who may run code.'
                )}
          </p>
        )}
      </div>
    ),
    buttons: [Dialog.okButton({ label: trans.__('Close') })]
  });
}

function Part(
  props: React.PropsWithChildren<{
    title: string;
    level: string;
    permissions: readonly Permission[];
    why?: string;
    trans: TranslationBundle;
  }>
): React.JSX.Element {
  const { title, level, permissions, why, trans, children } = props;
  const can = PERMISSIONS.filter(one => permissions.includes(one));
  const cannot = PERMISSIONS.filter(
    one => !permissions.includes(one) && one !== 'admin'
  );
  return (
    <section>
      <h3>
        {title}: {can.length === 0 ? trans.__('nothing') : level}
      </h3>
      {why && <p>{why}</p>}
      <ul>
        {can.length > 0 && (
          <li>
            {trans.__(
              'You can: %1',
              can.map(one => permissionName(one, trans)).join(', ')
            )}
          </li>
        )}
        {cannot.length > 0 && (
          <li>
            {trans.__(
              'Not: %1',
              cannot.map(one => permissionName(one, trans)).join(', ')
            )}
          </li>
        )}
        {children}
      </ul>
    </section>
  );
}
