import { LabIcon, linkIcon, usersIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { ISubject } from '../api/access';
import { Avatar } from '../presence/avatar';
import { initialsOf } from '../presence/protocol';

const ICONS: Partial<Record<ISubject['kind'], LabIcon>> = {
  group: usersIcon,
  everyone: usersIcon,
  link: linkIcon
};

/** The face of a person, the sign of a group or a link. */
export function Face({ subject }: { subject: ISubject }): React.JSX.Element {
  const Icon = ICONS[subject.kind];
  if (Icon) {
    return <Icon.react tag="span" className="csx-Share-sign" />;
  }
  const name = subject.display_name || subject.name;
  return (
    <Avatar
      user={{
        username: subject.name,
        display_name: name,
        initials: initialsOf(name),
        color: null,
        avatar_url: null
      }}
    />
  );
}
