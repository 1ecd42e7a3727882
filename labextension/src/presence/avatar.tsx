import { classes } from '@jupyterlab/ui-components';
import React from 'react';

import { colorOf, inkOn, LIGHT_INK, parseRgb } from './colors';
import { IUser, Status } from './protocol';

const inks = new Map<string, string>();

/** The ink for a colour, which may be one of the theme's. */
function readableInk(color: string): string {
  const key = `${themeName()} ${color}`;
  const known = inks.get(key);
  if (known !== undefined) {
    return known;
  }
  const probe = document.createElement('span');
  probe.style.color = color;
  document.body.append(probe);
  const rgb = parseRgb(getComputedStyle(probe).color);
  probe.remove();
  const ink = rgb ? inkOn(rgb) : LIGHT_INK;
  inks.set(key, ink);
  return ink;
}

/** The theme whose colours show; faces are drawn anew when it changes. */
export function themeName(): string {
  return document.body.dataset.jpThemeName ?? '';
}

interface IAvatarProps {
  readonly user: IUser;
  readonly status?: Status;
}

/** The picture or the initials of a person; says nothing to screen readers. */
export function Avatar({ user, status }: IAvatarProps): React.JSX.Element {
  const [isBroken, setBroken] = React.useState(false);
  const color = colorOf(user);
  const picture = isBroken ? null : user.avatar_url;
  return (
    <span
      className={classes('csx-Avatar', status ? `csx-mod-${status}` : '')}
      style={{ backgroundColor: color, color: readableInk(color) }}
      aria-hidden="true"
    >
      {picture === null ? (
        <span className="csx-Avatar-initials">{user.initials}</span>
      ) : (
        <img
          className="csx-Avatar-picture"
          src={picture}
          alt=""
          referrerPolicy="no-referrer"
          onError={() => setBroken(true)}
        />
      )}
      {status && <span className="csx-Avatar-status" />}
    </span>
  );
}

/** The same avatar for places that React doesn't draw. */
export function avatarNode(user: IUser, isDimmed: boolean): HTMLElement {
  const node = document.createElement('span');
  const color = colorOf(user);
  node.className = classes('csx-Avatar', isDimmed ? 'csx-mod-dimmed' : '');
  node.style.backgroundColor = color;
  node.style.color = readableInk(color);
  const initials = document.createElement('span');
  initials.className = 'csx-Avatar-initials';
  initials.textContent = user.initials;
  node.append(initials);
  if (user.avatar_url !== null) {
    const picture = document.createElement('img');
    picture.className = 'csx-Avatar-picture';
    picture.alt = '';
    picture.referrerPolicy = 'no-referrer';
    picture.onload = () => initials.remove();
    picture.onerror = () => picture.remove();
    picture.src = user.avatar_url;
    node.append(picture);
  }
  return node;
}
